// The runs over a media as Dagster tells of them: each step, each asset made, and what failed and why.
import { ask, Refused } from "@/lib/graphql";

type Context = { params: Promise<{ id: string }> };

export async function GET(_: Request, { params }: Context): Promise<Response> {
  const { id } = await params;
  try {
    const [status, failures] = await Promise.all([
      ask("UploadStatus", { mediaId: id }),
      ask("Failures", { mediaId: id }),
    ]);
    return Response.json({ runs: runs(status.runsOrError), failures: reasons(failures.runsOrError) });
  } catch (refusal) {
    if (!(refusal instanceof Refused)) throw refusal;
    return Response.json({ code: refusal.code, detail: refusal.message }, { status: refusal.status });
  }
}

type Status = Awaited<ReturnType<typeof ask<"UploadStatus">>>["runsOrError"];
type Failures = Awaited<ReturnType<typeof ask<"Failures">>>["runsOrError"];

function runs(found: Status) {
  if (found.__typename !== "Runs") return [];
  return found.results.map((run) => ({
    id: run.runId,
    status: run.status,
    steps: run.stepStats.map(({ stepKey, status }) => ({ step: stepKey, status })),
    made: run.assetMaterializations.map(({ assetKey }) => assetKey?.path.join("/") ?? ""),
  }));
}

function reasons(found: Failures) {
  if (found.__typename !== "Runs") return [];
  return found.results.flatMap((run) =>
    run.eventConnection.events.flatMap((event) => {
      if (event.__typename !== "ExecutionStepFailureEvent") return [];
      const told = new Map<string, string>();
      for (const entry of event.failureMetadata?.metadataEntries ?? []) {
        if (entry.__typename === "TextMetadataEntry") told.set(entry.label, entry.text);
      }
      return [{ step: event.stepKey, code: told.get("code") ?? "INTERNAL", sentence: told.get("sentence") ?? null }];
    }),
  );
}
