// Where the old application took a whole file and passed it on: now it only announces the file. The answer says where the
// browser is to send its parts; no byte comes through this server.
import { gateway, passedOn } from "@/lib/gateway";

export async function POST(request: Request): Promise<Response> {
  const { filename, size, contentType, idempotencyKey } = await request.json();
  // The application's own user is known here: check that they may upload, and count it, before asking.
  return passedOn(
    await gateway().POST("/v1/uploads", {
      body: { filename, size, content_type: contentType || "application/octet-stream" },
      params: { header: { "idempotency-key": idempotencyKey } },
    }),
  );
}
