// This application without Next.js: the same handlers by the same paths, called as `fetch`.
import * as complete from "@/app/api/upload/[id]/complete/route";
import * as events from "@/app/api/media/[id]/events/route";
import * as live from "@/app/api/media/[id]/live/route";
import * as media from "@/app/api/media/[id]/route";
import * as parts from "@/app/api/upload/[id]/parts/route";
import * as runs from "@/app/api/media/[id]/runs/route";
import * as begin from "@/app/api/upload/route";
import * as upload from "@/app/api/upload/[id]/route";

type Handler = (request: Request, context: { params: Promise<{ id: string }> }) => Promise<Response>;
type Route = Partial<Record<"GET" | "POST" | "DELETE", Handler>>;

const routes: [RegExp, Route][] = [
  [/^\/api\/upload$/, begin],
  [/^\/api\/upload\/([^/]+)$/, upload],
  [/^\/api\/upload\/([^/]+)\/parts$/, parts],
  [/^\/api\/upload\/([^/]+)\/complete$/, complete],
  [/^\/api\/media\/([^/]+)$/, media],
  [/^\/api\/media\/([^/]+)\/events$/, events],
  [/^\/api\/media\/([^/]+)\/runs$/, runs],
  [/^\/api\/media\/([^/]+)\/live$/, live],
];

export const api: typeof fetch = async (input, init) => {
  const request = new Request(new URL(String(input), "http://application"), init);
  const method = request.method as keyof Route;
  for (const [path, route] of routes) {
    const found = path.exec(new URL(request.url).pathname);
    const handler = found && route[method];
    if (handler) return handler(request, { params: Promise.resolve({ id: decodeURIComponent(found[1] ?? "") }) });
  }
  return new Response(null, { status: 404 });
};

/** The events of a stream of server-sent events, until it ends. */
export async function* told(response: Response): AsyncGenerator<{ event: string; data: any }> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field("data");
      if (data) yield { event: field("event") ?? "message", data: JSON.parse(data) };
    }
  }
}
