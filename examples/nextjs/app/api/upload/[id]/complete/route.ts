// Every part was sent: from here on there is a media.
import { gateway, passedOn } from "@/lib/gateway";

type Context = { params: Promise<{ id: string }> };

export async function POST(_: Request, { params }: Context): Promise<Response> {
  const { id } = await params;
  return passedOn(await gateway().POST("/v1/uploads/{upload_id}/complete", { params: { path: { upload_id: id } } }));
}
