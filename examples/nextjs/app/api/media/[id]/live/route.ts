// The newest run over a media, event by event: the gateway's GraphQL subscription as server-sent events.
import { ask, follow, Refused } from "@/lib/graphql";

type Context = { params: Promise<{ id: string }> };

export const dynamic = "force-dynamic";

export async function GET(request: Request, { params }: Context): Promise<Response> {
  const { id } = await params;
  let run: string | undefined;
  try {
    const { runsOrError: found } = await ask("UploadStatus", { mediaId: id });
    run = found.__typename === "Runs" ? found.results[0]?.runId : undefined;
  } catch (refusal) {
    if (!(refusal instanceof Refused)) throw refusal;
    return Response.json({ code: refusal.code, detail: refusal.message }, { status: refusal.status });
  }
  if (!run) return Response.json({ code: "no-run", detail: "No run has been asked for yet." }, { status: 404 });
  return new Response(told(run, request.signal), {
    headers: { "content-type": "text/event-stream", "cache-control": "no-cache, no-transform" },
  });
}

function told(run: string, signal: AbortSignal): ReadableStream<Uint8Array> {
  const events = lines(run, signal);
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await events.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await events.return(undefined);
    },
  });
}

async function* lines(run: string, signal: AbortSignal): AsyncGenerator<string> {
  for await (const { pipelineRunLogs: logs } of follow("LiveProgress", { runId: run }, signal)) {
    if (logs.__typename !== "PipelineRunLogsSubscriptionSuccess") continue;
    for (const message of logs.messages) yield `data: ${JSON.stringify(message)}\n\n`;
  }
  yield "event: end\ndata: {}\n\n";
}
