// How a media stands and, as soon as it can be watched, where to play it.
import { gateway, passedOn } from "@/lib/gateway";

type Context = { params: Promise<{ id: string }> };

export async function GET(_: Request, { params }: Context): Promise<Response> {
  const { id } = await params;
  return passedOn(await gateway().GET("/v1/media/{media_id}", { params: { path: { media_id: id } } }));
}
