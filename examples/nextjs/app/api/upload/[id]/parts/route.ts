// What has arrived of an upload, and fresh addresses for what has not: how a browser goes on after a reload.
import { gateway, passedOn } from "@/lib/gateway";

type Context = { params: Promise<{ id: string }> };

export async function GET(_: Request, { params }: Context): Promise<Response> {
  const { id } = await params;
  return passedOn(await gateway().GET("/v1/uploads/{upload_id}/parts", { params: { path: { upload_id: id } } }));
}
