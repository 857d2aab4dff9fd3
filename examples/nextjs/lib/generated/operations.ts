/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type StepEventStatus =
  | 'SKIPPED'
  | 'SUCCESS'
  | 'FAILURE'
  | 'IN_PROGRESS';

/** The status of run execution. */
export type RunStatus =
  /** Runs waiting to be launched by the Dagster Daemon. */
  | 'QUEUED'
  /** Runs that have been created, but not yet submitted for launch. */
  | 'NOT_STARTED'
  /** Runs that are managed outside of the Dagster control plane. */
  | 'MANAGED'
  /** Runs that have been launched, but execution has not yet started. */
  | 'STARTING'
  /** Runs that have been launched and execution has started. */
  | 'STARTED'
  /** Runs that have started and are waiting on external work, with no run worker. */
  | 'SUSPENDED'
  /** Runs that have successfully completed. */
  | 'SUCCESS'
  /** Runs that have failed to complete. */
  | 'FAILURE'
  /** Runs that are in-progress and pending to be canceled. */
  | 'CANCELING'
  /** Runs that have been canceled before completion. */
  | 'CANCELED';

export type BulkActionStatus =
  | 'REQUESTED'
  | 'COMPLETED'
  | 'FAILED'
  | 'CANCELED'
  | 'CANCELING'
  | 'COMPLETED_SUCCESS'
  | 'COMPLETED_FAILED'
  | 'FAILING';

export type BackfillStateQueryVariables = Exact<{
  backfillId: string;
}>;


export type BackfillStateQuery = { partitionBackfillOrError:
    | { __typename: 'PartitionBackfill', id: string, status: BulkActionStatus, timestamp: number, endTimestamp: number | null }
    | { __typename: 'BackfillNotFoundError' }
    | { __typename: 'PythonError' }
  , queued:
    | { __typename: 'Runs', count: number }
    | { __typename: 'InvalidPipelineRunsFilterError' }
    | { __typename: 'PythonError' }
  , underway:
    | { __typename: 'Runs', count: number }
    | { __typename: 'InvalidPipelineRunsFilterError' }
    | { __typename: 'PythonError' }
  , succeeded:
    | { __typename: 'Runs', count: number }
    | { __typename: 'InvalidPipelineRunsFilterError' }
    | { __typename: 'PythonError' }
  , failed:
    | { __typename: 'Runs', count: number }
    | { __typename: 'InvalidPipelineRunsFilterError' }
    | { __typename: 'PythonError' }
   };

export type FailuresQueryVariables = Exact<{
  mediaId: string;
}>;


export type FailuresQuery = { runsOrError:
    | { __typename: 'Runs', results: Array<{ runId: string, status: RunStatus, eventConnection: { hasMore: boolean, events: Array<
            | { __typename: 'ExecutionStepFailureEvent', timestamp: string, stepKey: string | null, failureMetadata: { metadataEntries: Array<
                  | { __typename: 'TableColumnLineageMetadataEntry', label: string }
                  | { __typename: 'TableSchemaMetadataEntry', label: string }
                  | { __typename: 'TableMetadataEntry', label: string }
                  | { __typename: 'FloatMetadataEntry', label: string }
                  | { __typename: 'IntMetadataEntry', label: string }
                  | { __typename: 'JsonMetadataEntry', label: string }
                  | { __typename: 'BoolMetadataEntry', label: string }
                  | { __typename: 'MarkdownMetadataEntry', label: string }
                  | { __typename: 'PathMetadataEntry', label: string }
                  | { __typename: 'NotebookMetadataEntry', label: string }
                  | { __typename: 'PythonArtifactMetadataEntry', label: string }
                  | { __typename: 'TextMetadataEntry', text: string, label: string }
                  | { __typename: 'UrlMetadataEntry', label: string }
                  | { __typename: 'PipelineRunMetadataEntry', label: string }
                  | { __typename: 'AssetMetadataEntry', label: string }
                  | { __typename: 'JobMetadataEntry', label: string }
                  | { __typename: 'CodeReferencesMetadataEntry', label: string }
                  | { __typename: 'NullMetadataEntry', label: string }
                  | { __typename: 'TimestampMetadataEntry', label: string }
                  | { __typename: 'PoolMetadataEntry', label: string }
                > } | null }
            | { __typename: 'ExecutionStepInputEvent' }
            | { __typename: 'ExecutionStepOutputEvent' }
            | { __typename: 'ExecutionStepSkippedEvent' }
            | { __typename: 'ExecutionStepStartEvent' }
            | { __typename: 'ExecutionStepSuccessEvent' }
            | { __typename: 'ExecutionStepUpForRetryEvent', timestamp: string, stepKey: string | null, secondsToWait: number | null }
            | { __typename: 'ExecutionStepRestartEvent' }
            | { __typename: 'HealthChangedEvent' }
            | { __typename: 'LogMessageEvent' }
            | { __typename: 'ResourceInitFailureEvent' }
            | { __typename: 'ResourceInitStartedEvent' }
            | { __typename: 'ResourceInitSuccessEvent' }
            | { __typename: 'RunFailureEvent', timestamp: string }
            | { __typename: 'RunStartEvent' }
            | { __typename: 'RunEnqueuedEvent' }
            | { __typename: 'RunDequeuedEvent' }
            | { __typename: 'RunStartingEvent' }
            | { __typename: 'RunCancelingEvent' }
            | { __typename: 'RunCanceledEvent' }
            | { __typename: 'RunSuspendedEvent' }
            | { __typename: 'RunResumedEvent' }
            | { __typename: 'RunSuccessEvent' }
            | { __typename: 'StepWorkerStartedEvent' }
            | { __typename: 'StepWorkerStartingEvent' }
            | { __typename: 'HandledOutputEvent' }
            | { __typename: 'LoadedInputEvent' }
            | { __typename: 'LogsCapturedEvent' }
            | { __typename: 'ObjectStoreOperationEvent' }
            | { __typename: 'StepExpectationResultEvent' }
            | { __typename: 'MaterializationEvent' }
            | { __typename: 'ObservationEvent' }
            | { __typename: 'FailedToMaterializeEvent' }
            | { __typename: 'EngineEvent' }
            | { __typename: 'HookCompletedEvent' }
            | { __typename: 'HookSkippedEvent' }
            | { __typename: 'HookErroredEvent' }
            | { __typename: 'AlertStartEvent' }
            | { __typename: 'AlertSuccessEvent' }
            | { __typename: 'AlertFailureEvent' }
            | { __typename: 'AssetMaterializationPlannedEvent' }
            | { __typename: 'AssetCheckEvaluationPlannedEvent' }
            | { __typename: 'AssetCheckEvaluationEvent' }
          > } }> }
    | { __typename: 'InvalidPipelineRunsFilterError' }
    | { __typename: 'PythonError' }
   };

export type LiveProgressSubscriptionVariables = Exact<{
  runId: string | number;
  cursor?: string | null | undefined;
}>;


export type LiveProgressSubscription = { pipelineRunLogs:
    | { __typename: 'PipelineRunLogsSubscriptionSuccess', cursor: string, hasMorePastEvents: boolean, messages: Array<
        | { __typename: 'ExecutionStepFailureEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'ExecutionStepInputEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'ExecutionStepOutputEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'ExecutionStepSkippedEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'ExecutionStepStartEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'ExecutionStepSuccessEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'ExecutionStepUpForRetryEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'ExecutionStepRestartEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'HealthChangedEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'LogMessageEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'ResourceInitFailureEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'ResourceInitStartedEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'ResourceInitSuccessEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'RunFailureEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'RunStartEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'RunEnqueuedEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'RunDequeuedEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'RunStartingEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'RunCancelingEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'RunCanceledEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'RunSuspendedEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'RunResumedEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'RunSuccessEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'StepWorkerStartedEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'StepWorkerStartingEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'HandledOutputEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'LoadedInputEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'LogsCapturedEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'ObjectStoreOperationEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'StepExpectationResultEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'MaterializationEvent', timestamp: string, stepKey: string | null, assetKey: { path: Array<string> } | null }
        | { __typename: 'ObservationEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'FailedToMaterializeEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'EngineEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'HookCompletedEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'HookSkippedEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'HookErroredEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'AlertStartEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'AlertSuccessEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'AlertFailureEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'AssetMaterializationPlannedEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'AssetCheckEvaluationPlannedEvent', timestamp: string, stepKey: string | null }
        | { __typename: 'AssetCheckEvaluationEvent', timestamp: string, stepKey: string | null }
      > }
    | { __typename: 'PipelineRunLogsSubscriptionFailure' }
   };

export type MaterializationsQueryVariables = Exact<{
  mediaId: string;
}>;


export type MaterializationsQuery = { assetsOrError:
    | { __typename: 'AssetConnection', nodes: Array<{ key: { path: Array<string> }, assetMaterializations: Array<{ runId: string, timestamp: string, metadataEntries: Array<
            | { __typename: 'TableColumnLineageMetadataEntry', label: string }
            | { __typename: 'TableSchemaMetadataEntry', label: string }
            | { __typename: 'TableMetadataEntry', label: string }
            | { __typename: 'FloatMetadataEntry', floatValue: number | null, label: string }
            | { __typename: 'IntMetadataEntry', intValue: number | null, intRepr: string, label: string }
            | { __typename: 'JsonMetadataEntry', label: string }
            | { __typename: 'BoolMetadataEntry', boolValue: boolean | null, label: string }
            | { __typename: 'MarkdownMetadataEntry', label: string }
            | { __typename: 'PathMetadataEntry', label: string }
            | { __typename: 'NotebookMetadataEntry', label: string }
            | { __typename: 'PythonArtifactMetadataEntry', label: string }
            | { __typename: 'TextMetadataEntry', text: string, label: string }
            | { __typename: 'UrlMetadataEntry', label: string }
            | { __typename: 'PipelineRunMetadataEntry', label: string }
            | { __typename: 'AssetMetadataEntry', label: string }
            | { __typename: 'JobMetadataEntry', label: string }
            | { __typename: 'CodeReferencesMetadataEntry', label: string }
            | { __typename: 'NullMetadataEntry', label: string }
            | { __typename: 'TimestampMetadataEntry', label: string }
            | { __typename: 'PoolMetadataEntry', label: string }
          > }> }> }
    | { __typename: 'PythonError' }
   };

export type RunProgressQueryVariables = Exact<{
  runId: string | number;
}>;


export type RunProgressQuery = { runOrError:
    | { __typename: 'Run', runId: string, status: RunStatus, creationTime: number, startTime: number | null, endTime: number | null, stepStats: Array<{ stepKey: string, status: StepEventStatus | null, startTime: number | null, endTime: number | null, attempts: Array<{ startTime: number | null, endTime: number | null }> }> }
    | { __typename: 'RunNotFoundError' }
    | { __typename: 'PythonError' }
   };

export type UploadStatusQueryVariables = Exact<{
  mediaId: string;
}>;


export type UploadStatusQuery = { runsOrError:
    | { __typename: 'Runs', results: Array<{ runId: string, status: RunStatus, creationTime: number, startTime: number | null, endTime: number | null, stepStats: Array<{ stepKey: string, status: StepEventStatus | null, startTime: number | null, endTime: number | null }>, assetMaterializations: Array<{ timestamp: string, assetKey: { path: Array<string> } | null }> }> }
    | { __typename: 'InvalidPipelineRunsFilterError' }
    | { __typename: 'PythonError' }
   };

export type Queries = {
  BackfillState: { data: BackfillStateQuery; variables: BackfillStateQueryVariables };
  Failures: { data: FailuresQuery; variables: FailuresQueryVariables };
  Materializations: { data: MaterializationsQuery; variables: MaterializationsQueryVariables };
  RunProgress: { data: RunProgressQuery; variables: RunProgressQueryVariables };
  UploadStatus: { data: UploadStatusQuery; variables: UploadStatusQueryVariables };
};

export type Subscriptions = {
  LiveProgress: { data: LiveProgressSubscription; variables: LiveProgressSubscriptionVariables };
};

export const texts = {
  BackfillState: "query BackfillState($backfillId:String!){partitionBackfillOrError(backfillId:$backfillId){__typename ...on PartitionBackfill{id status timestamp endTimestamp}}queued:runsOrError(filter:{tags:[{key:\"dagster/backfill\" value:$backfillId}]statuses:[NOT_STARTED QUEUED]}){__typename ...on Runs{count}}underway:runsOrError(filter:{tags:[{key:\"dagster/backfill\" value:$backfillId}]statuses:[STARTING STARTED CANCELING]}){__typename ...on Runs{count}}succeeded:runsOrError(filter:{tags:[{key:\"dagster/backfill\" value:$backfillId}]statuses:[SUCCESS]}){__typename ...on Runs{count}}failed:runsOrError(filter:{tags:[{key:\"dagster/backfill\" value:$backfillId}]statuses:[FAILURE CANCELED]}){__typename ...on Runs{count}}}",
  Failures: "query Failures($mediaId:String!){runsOrError(filter:{tags:[{key:\"dagster/partition\" value:$mediaId}]}limit:3){__typename ...on Runs{results{runId status eventConnection(limit:1000){hasMore events{__typename ...on ExecutionStepFailureEvent{timestamp stepKey failureMetadata{metadataEntries{__typename label ...on TextMetadataEntry{text}}}}...on ExecutionStepUpForRetryEvent{timestamp stepKey secondsToWait}...on RunFailureEvent{timestamp}}}}}}}",
  LiveProgress: "subscription LiveProgress($runId:ID!$cursor:String){pipelineRunLogs(runId:$runId cursor:$cursor){__typename ...on PipelineRunLogsSubscriptionSuccess{cursor hasMorePastEvents messages{__typename ...on MessageEvent{timestamp stepKey}...on MaterializationEvent{assetKey{path}}}}}}",
  Materializations: "query Materializations($mediaId:String!){assetsOrError(limit:100){__typename ...on AssetConnection{nodes{key{path}assetMaterializations(partitions:[$mediaId]limit:1){runId timestamp metadataEntries{__typename label ...on TextMetadataEntry{text}...on IntMetadataEntry{intValue intRepr}...on FloatMetadataEntry{floatValue}...on BoolMetadataEntry{boolValue}}}}}}}",
  RunProgress: "query RunProgress($runId:ID!){runOrError(runId:$runId){__typename ...on Run{runId status creationTime startTime endTime stepStats{stepKey status startTime endTime attempts{startTime endTime}}}}}",
  UploadStatus: "query UploadStatus($mediaId:String!){runsOrError(filter:{tags:[{key:\"dagster/partition\" value:$mediaId}]}limit:3){__typename ...on Runs{results{runId status creationTime startTime endTime stepStats{stepKey status startTime endTime}assetMaterializations{timestamp assetKey{path}}}}}}",
} as const;
