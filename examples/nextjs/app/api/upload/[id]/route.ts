// An upload that the user takes back.
import { gateway, passedOn } from "@/lib/gateway";

type Context = { params: Promise<{ id: string }> };

export async function DELETE(_: Request, { params }: Context): Promise<Response> {
  const { id } = await params;
  const answer = await gateway().DELETE("/v1/uploads/{upload_id}", { params: { path: { upload_id: id } } });
  return answer.response.ok ? new Response(null, { status: 204 }) : passedOn(answer);
}
