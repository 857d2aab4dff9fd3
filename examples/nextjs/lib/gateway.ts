// The gateway of the media pipeline, as this application's server calls it. The key stays on the server.
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./generated/openapi";

export type Media = components["schemas"]["MediaDetail"];

export function settings(): { url: string; authorization: string } {
  return { url: variable("MEDIA_GATEWAY_URL").replace(/\/$/, ""), authorization: `Bearer ${variable("MEDIA_GATEWAY_KEY")}` };
}

export function gateway(): Client<paths> {
  const { url, authorization } = settings();
  return createClient<paths>({ baseUrl: url, headers: { authorization } });
}

/** What the gateway answered, as this application's own answer: data, or the problem document as it came. */
export function passedOn(answer: { data?: unknown; error?: unknown; response: Response }): Response {
  if (answer.data !== undefined) return Response.json(answer.data, { status: answer.response.status });
  return Response.json(answer.error ?? {}, {
    status: answer.response.status,
    headers: { "content-type": answer.response.headers.get("content-type") ?? "application/problem+json" },
  });
}

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`Set ${name}.`);
  return value;
}
