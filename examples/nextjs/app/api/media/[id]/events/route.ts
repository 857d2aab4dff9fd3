// The state and progress of a media as they change: the gateway's server-sent events, passed on as they come.
import { settings } from "@/lib/gateway";

type Context = { params: Promise<{ id: string }> };

export const dynamic = "force-dynamic";

export async function GET(request: Request, { params }: Context): Promise<Response> {
  const { id } = await params;
  const { url, authorization } = settings();
  const upstream = await fetch(`${url}/v1/media/${encodeURIComponent(id)}/events`, {
    headers: { authorization, accept: "text/event-stream" },
    signal: request.signal, // who closes the page closes the stream
  });
  return new Response(upstream.body, {
    status: upstream.status,
    headers: {
      "content-type": upstream.headers.get("content-type") ?? "text/event-stream",
      "cache-control": "no-cache, no-transform",
    },
  });
}
