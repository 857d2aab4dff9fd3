// Dagster's GraphQL, through the gateway: the operations of its list, by name.
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { settings } from "./gateway";
import { type Queries, type Subscriptions, texts } from "./generated/operations";

/** A problem document of the gateway. */
export class Refused extends Error {
  constructor(readonly status: number, readonly code: string, detail: string) {
    super(detail);
  }
}

/** The answer to a query. Throws Refused. */
export async function ask<Name extends keyof Queries>(
  name: Name,
  variables: Queries[Name]["variables"],
): Promise<Queries[Name]["data"]> {
  const { url, authorization } = settings();
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ operationName: name, variables }),
  });
  const body = await response.json();
  if (!response.ok) throw new Refused(response.status, body.code, body.detail);
  return body.data;
}

/** The events of a subscription, until it is complete or `signal` ends it. Throws what the gateway says. */
export async function* follow<Name extends keyof Subscriptions>(
  name: Name,
  variables: Subscriptions[Name]["variables"],
  signal: AbortSignal,
): AsyncGenerator<Subscriptions[Name]["data"]> {
  const { url, authorization } = settings();
  const client = createClient({
    url: `${url.replace(/^http/, "ws")}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization },
    retryAttempts: 0,
  });
  const events = client.iterate<Subscriptions[Name]["data"]>({ operationName: name, query: texts[name], variables });
  const end = () => void events.return?.();
  signal.addEventListener("abort", end);
  try {
    for await (const { data } of events) if (data) yield data;
  } finally {
    signal.removeEventListener("abort", end);
    await client.dispose();
  }
}
