export interface paths {
    "/graphql": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Graphql
         * @description Runs and materialisations as Dagster has them: the answer to one of the listed operations, by its name. Its text
         *     may come along as `query`. Subscriptions are for the WebSocket of the same path.
         */
        post: operations["graphql"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Alive
         * @description The process answers, and does what it does beside answering; 503 where only a new start helps.
         */
        get: operations["alive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Ready
         * @description The catalogue answers, too; 503 where it does not.
         */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/media": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Media
         * @description The caller's media, newest first: a page of them.
         */
        get: operations["list_media"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/media/{media_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Media
         * @description How the job of a media stands and, from *playable* on, where to play it.
         */
        get: operations["get_media"];
        put?: never;
        post?: never;
        /**
         * Delete Media
         * @description Erase the uploaded object and everything made from it, for good. 409 where a run takes too long to end: ask
         *     again.
         */
        delete: operations["delete_media"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/media/{media_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel Media
         * @description Stop the job. What is published already stays; a job that is over is left as it is.
         */
        post: operations["cancel_media"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/media/{media_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow Media
         * @description Server-sent events: `status` with the media as in the list, now and each time it is another, at most twice a
         *     second; `end` when nobody has anything left to do for it, after which the stream closes.
         */
        get: operations["follow_media"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/media/{media_id}/mp4": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Mp4
         * @description To one MP4 of the best picture and the default sound, as a download.
         */
        get: operations["get_mp4"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/media/{media_id}/original": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Original
         * @description To the uploaded file, as a download.
         */
        get: operations["get_original"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/media/{media_id}/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Redrive Media
         * @description Ask again for what failed: only what is missing is made. 409 where there is nothing to do, and why.
         */
        post: operations["redrive_media"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/play/{media_id}/{token}/download.mp4": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Play Mp4
         * @description One MP4, as a download; put together now, where the profile did not ask for one.
         */
        get: operations["play_mp4"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/play/{media_id}/{token}/original": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Play Original
         * @description The uploaded file, as a download, never shown in place.
         */
        get: operations["play_original"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/play/{media_id}/{token}/poster": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Play Poster
         * @description The newest poster.
         */
        get: operations["play_poster"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/play/{media_id}/{token}/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Play File
         * @description A file that a manifest or a playlist names. Ranges are answered.
         */
        get: operations["play_file"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begin Upload
         * @description Announce a file. The answer says where to send its parts, in any order, several at a time.
         *
         *     With the same `Idempotency-Key` and the same body it is the same upload; with another body it is refused.
         */
        post: operations["begin_upload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads/{upload_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Upload
         * @description How an upload stands.
         */
        get: operations["get_upload"];
        put?: never;
        post?: never;
        /**
         * Abort Upload
         * @description Take an upload back that is not complete; what arrived of it is deleted.
         */
        delete: operations["abort_upload"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads/{upload_id}/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Complete Upload
         * @description Every part was sent: the media is registered, and its run asked for. Asked again, the answer is the same.
         *
         *     409 `parts-missing` where parts are not here; 422 `checksum-mismatch` where the bytes are not those announced, of
         *     which nothing is kept then.
         */
        post: operations["complete_upload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads/{upload_id}/parts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Parts
         * @description Which parts have arrived, and fresh addresses for those that have not.
         */
        get: operations["list_parts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads/{upload_id}/parts/{number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Send Part
         * @description One part, by its signed address. The `ETag` of the answer is that of the part.
         */
        put: operations["send_part"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Webhooks
         * @description The tenant's webhooks, without their secrets.
         */
        get: operations["list_webhooks"];
        put?: never;
        /**
         * Create Webhook
         * @description From now on an address is told what happens to the caller's media.
         */
        post: operations["create_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhook_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete Webhook
         * @description The address is told nothing more, and what was on its way is dropped.
         */
        delete: operations["delete_webhook"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhook_id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Deliveries
         * @description What a webhook was told or is to be told, newest first: a page of it. What is over is kept for a month.
         */
        get: operations["list_deliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Redeliver
         * @description Send a message again, with the same id, whatever became of it.
         */
        post: operations["redeliver"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Answer
         * @description What Dagster answers to the operation, as its schema has it.
         */
        Answer: {
            /** Data */
            data: {
                [key: string]: unknown;
            };
        };
        /**
         * Arrived
         * @description A part that is here. Another `etag` is of other bytes.
         */
        Arrived: {
            /** Etag */
            etag: string;
            /** Number */
            number: number;
            /** Size */
            size: number;
        };
        /**
         * Attempt
         * @description One try at a stage.
         */
        Attempt: {
            /** Ended At */
            ended_at: string | null;
            error: components["schemas"]["Failure"] | null;
            /** Run Id */
            run_id: string;
            /** Stage */
            stage: string;
            /**
             * Started At
             * Format: date-time
             */
            started_at: string;
        };
        /** Chapter */
        Chapter: {
            /** End */
            end: number;
            /** Start */
            start: number;
            /** Title */
            title: string;
        };
        /**
         * Check
         * @description A measured value beside its limit.
         */
        Check: {
            /** Limit */
            limit: number;
            /** Name */
            name: string;
            /** Passed */
            passed: boolean;
            /** Value */
            value: number;
        };
        /**
         * Completed
         * @description What was sent. May be left out, or name as few parts as one likes: what has arrived is known here.
         */
        Completed: {
            /**
             * Parts
             * @default []
             */
            parts?: components["schemas"]["PartTold"][];
        };
        /**
         * Delivery
         * @description A change, and whether the webhook was told of it. `answer` is the HTTP status of the last try, `trouble` why that
         *     was no success.
         */
        Delivery: {
            /** Answer */
            answer: number | null;
            event: components["schemas"]["JobState"];
            /**
             * Happened At
             * Format: date-time
             */
            happened_at: string;
            /** Id */
            id: string;
            /** Media Id */
            media_id: string;
            /** Next Try At */
            next_try_at: string | null;
            state: components["schemas"]["DeliveryState"];
            /** Tries */
            tries: number;
            /** Trouble */
            trouble: string | null;
            /** Version */
            version: string;
        };
        /**
         * DeliveryPage
         * @description Newest first. `next` asks for the page after this one; null after the last.
         */
        DeliveryPage: {
            /** Items */
            items: components["schemas"]["Delivery"][];
            /** Next */
            next: string | null;
        };
        /**
         * DeliveryState
         * @enum {string}
         */
        DeliveryState: "waiting" | "delivered" | "failed";
        /**
         * Failure
         * @description A code of the closed lists, and one sentence for a person.
         */
        Failure: {
            /** Code */
            code: string;
            /** Message */
            message: string;
        };
        /**
         * Fault
         * @description What does not fit in a request, and where.
         */
        Fault: {
            /** Message */
            message: string;
            /** Where */
            where: string;
        };
        /**
         * JobState
         * @enum {string}
         */
        JobState: "queued" | "processing" | "playable" | "ready" | "rejected" | "quarantined" | "cancelled" | "removed";
        /**
         * Manifest
         * @description Paths are relative to the manifest; what was not made is null or an empty list.
         */
        Manifest: {
            /** Audio */
            audio: components["schemas"]["ManifestAudio"][];
            /** Chapters */
            chapters: components["schemas"]["Chapter"][];
            /** Checks */
            checks: components["schemas"]["Check"][];
            /** Dash */
            dash: string | null;
            /** Display Height */
            display_height: number | null;
            /** Display Width */
            display_width: number | null;
            /** Duration Seconds */
            duration_seconds: number;
            /** Frame Rate */
            frame_rate: string | null;
            /** Hls */
            hls: string | null;
            /** Id */
            id: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "video" | "audio";
            /** Mp4 */
            mp4: string | null;
            /** Poster */
            poster: string | null;
            /** Preview */
            preview: string | null;
            /** Provenance */
            provenance: components["schemas"]["Provenance"][];
            /** Renditions */
            renditions: components["schemas"]["ManifestRendition"][];
            /** Revision */
            revision: number;
            /** Scenes */
            scenes: [
                number,
                number
            ][];
            /**
             * Schema Version
             * @constant
             */
            schema_version: "1.0";
            storyboard: components["schemas"]["Storyboard"] | null;
            /** Subtitles */
            subtitles: components["schemas"]["ManifestSubtitles"][];
            /** Tags */
            tags: components["schemas"]["Tag"][];
            /** Version */
            version: string;
            /** Warnings */
            warnings: string[];
        };
        /**
         * ManifestAudio
         * @description `loudness_lufs` is null for silence.
         */
        ManifestAudio: {
            /** Channels */
            channels: number;
            /** Codec */
            codec: string;
            /** Language */
            language: string;
            /** Loudness Lufs */
            loudness_lufs: number | null;
        };
        /**
         * ManifestRendition
         * @description `bitrate` in bits/s.
         */
        ManifestRendition: {
            /** Bitrate */
            bitrate: number;
            /** Bytes */
            bytes: number;
            /** Codec */
            codec: string;
            /** Height */
            height: number;
            /** Name */
            name: string;
            /** Width */
            width: number;
        };
        /** ManifestSubtitles */
        ManifestSubtitles: {
            /**
             * Kind
             * @enum {string}
             */
            kind: "subtitles" | "captions" | "forced";
            /** Language */
            language: string;
            /**
             * Origin
             * @enum {string}
             */
            origin: "speech" | "embedded" | "human";
            /** Srt */
            srt: string;
            /** Vtt */
            vtt: string;
            /** Words */
            words: string | null;
        };
        /**
         * Media
         * @description A media, and the job of its current version. `language` (of the speech) and `tags` are as its uploader said.
         *     `poster` is an address that expires, null where there is no picture, or none yet.
         */
        Media: {
            error: components["schemas"]["Failure"] | null;
            /** Finished At */
            finished_at: string | null;
            /** Id */
            id: string;
            /** Language */
            language: string | null;
            /** Playable At */
            playable_at: string | null;
            /** Poster */
            poster: string | null;
            /** Profile */
            profile: string;
            /** Progress */
            progress: number;
            /**
             * Received At
             * Format: date-time
             */
            received_at: string;
            /** Revision */
            revision: number;
            /** Run Id */
            run_id: string | null;
            /** Size */
            size: number;
            /** Started At */
            started_at: string | null;
            state: components["schemas"]["JobState"];
            /** Tags */
            tags: string[];
            /** Tasks */
            tasks: components["schemas"]["Task"][];
            /** Title */
            title: string;
            /** Version */
            version: string;
        };
        /**
         * MediaDetail
         * @description With what was tried and, from *playable* on, what can be played.
         */
        MediaDetail: {
            /** Attempts */
            attempts: components["schemas"]["Attempt"][];
            error: components["schemas"]["Failure"] | null;
            /** Finished At */
            finished_at: string | null;
            /** Id */
            id: string;
            /** Language */
            language: string | null;
            /** Playable At */
            playable_at: string | null;
            playback: components["schemas"]["Playback"] | null;
            /** Poster */
            poster: string | null;
            /** Profile */
            profile: string;
            /** Progress */
            progress: number;
            /**
             * Received At
             * Format: date-time
             */
            received_at: string;
            /** Revision */
            revision: number;
            /** Run Id */
            run_id: string | null;
            shown: components["schemas"]["Shown"] | null;
            /** Size */
            size: number;
            /** Started At */
            started_at: string | null;
            state: components["schemas"]["JobState"];
            /** Tags */
            tags: string[];
            /** Tasks */
            tasks: components["schemas"]["Task"][];
            /** Title */
            title: string;
            /** Version */
            version: string;
        };
        /**
         * MediaPage
         * @description Newest first. `next` asks for the page after this one; null after the last.
         */
        MediaPage: {
            /** Items */
            items: components["schemas"]["Media"][];
            /** Next */
            next: string | null;
        };
        /**
         * NewUpload
         * @description A file that is to be sent, and what is to be made of it.
         */
        NewUpload: {
            /**
             * Content Type
             * @default application/octet-stream
             */
            content_type?: string;
            /** Filename */
            filename: string;
            /**
             * Language
             * @description Of the speech; without it, it is found out.
             */
            language?: string | null;
            /**
             * Profile
             * @description What is to be made.
             */
            profile?: string | null;
            /**
             * Sha256
             * @description Of the whole file, in hex.
             */
            sha256?: string | null;
            /**
             * Size
             * @description Bytes.
             */
            size: number;
            /**
             * Tags
             * @description What it is found by, beside its title.
             * @default []
             */
            tags?: string[];
            /**
             * Title
             * @description What people see; without it the file's name.
             */
            title?: string | null;
        };
        /**
         * NewWebhook
         * @description Where to send what happens to the caller's media, and which of it: changes into these states.
         */
        NewWebhook: {
            /** Events */
            events?: components["schemas"]["JobState"][];
            /** Url */
            url: string;
        };
        /**
         * Part
         * @description Where a part is to be sent until `expires_at`: exactly `size` bytes, with these headers, from
         *     `(number - 1) * part_size` of the file on.
         */
        Part: {
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
            /** Headers */
            headers: {
                [key: string]: string;
            };
            /** Method */
            method: string;
            /** Number */
            number: number;
            /** Size */
            size: number;
            /** Url */
            url: string;
        };
        /**
         * PartTold
         * @description A part as its sender knows it.
         */
        PartTold: {
            /** Etag */
            etag: string;
            /** Number */
            number: number;
        };
        /**
         * Parts
         * @description What is here, and where to send what is not: the first thousand of it.
         */
        Parts: {
            /** Arrived */
            arrived: components["schemas"]["Arrived"][];
            /** Parts */
            parts: components["schemas"]["Part"][];
        };
        /**
         * Playback
         * @description Addresses that are good until `expires_at`, for everybody who has them. `manifest` names everything that was
         *     published, by such addresses; `original` and `mp4` are downloads.
         */
        Playback: {
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
            manifest: components["schemas"]["Manifest"];
            /** Mp4 */
            mp4: string | null;
            /** Original */
            original: string;
        };
        /**
         * Problem
         * @description Why a request did not succeed (RFC 9457). `code` is one of a list that is only added to; `errors` come with
         *     `invalid-request`.
         */
        Problem: {
            /** Code */
            code: string;
            /** Detail */
            detail: string;
            /**
             * Errors
             * @default []
             */
            errors?: components["schemas"]["Fault"][];
            /** Status */
            status: number;
            /** Title */
            title: string;
            /** Type */
            type: string;
        } & {
            [key: string]: unknown;
        };
        /** Provenance */
        Provenance: {
            /** Fingerprint */
            fingerprint: string;
            /** Model */
            model: string | null;
            /** Output */
            output: string;
            /** Seconds */
            seconds: number;
            /** Tool */
            tool: string;
        };
        /**
         * Receipt
         * @description What was erased.
         */
        Receipt: {
            /** Bytes */
            bytes: number;
            /**
             * Erased At
             * Format: date-time
             */
            erased_at: string;
            /** Media Id */
            media_id: string;
            /** Objects */
            objects: number;
            /** Runs */
            runs: number;
            /** Source Deleted */
            source_deleted: boolean;
            /** Versions */
            versions: number;
        };
        /**
         * Redriven
         * @description A run over what was missing is queued.
         */
        Redriven: {
            /** Media Id */
            media_id: string;
            /** Run Id */
            run_id: string;
            /** Tasks */
            tasks: string[];
        };
        /**
         * SessionState
         * @enum {string}
         */
        SessionState: "open" | "completed" | "aborted" | "expired";
        /**
         * Shown
         * @description Which version is published: the current one, or one before it that stays (`superseded-invalid` where the newer
         *     file was refused).
         */
        Shown: {
            /** Revision */
            revision: number;
            /** Standing */
            standing: string;
            /** Version */
            version: string;
        };
        /** Storyboard */
        Storyboard: {
            /** Images */
            images: string[];
            /** Vtt */
            vtt: string;
        };
        /**
         * Tag
         * @description One thing seen or read. `confidence` is the best of its frames, 0 to 1.
         */
        Tag: {
            /** Confidence */
            confidence: number;
            /**
             * Kind
             * @enum {string}
             */
            kind: "label" | "text";
            /** Model */
            model: string;
            /** Name */
            name: string;
            /** Spans */
            spans: [
                number,
                number
            ][];
        };
        /**
         * Task
         * @description One asset of the job. `progress` goes from 0 to 1.
         */
        Task: {
            /** Name */
            name: string;
            /** Progress */
            progress: number;
            /** Reason */
            reason: string | null;
            /** Seconds */
            seconds: number | null;
            state: components["schemas"]["TaskState"];
        };
        /**
         * TaskState
         * @enum {string}
         */
        TaskState: "waiting" | "running" | "done" | "failed" | "skipped";
        /**
         * Upload
         * @description A file on its way. Its media is there as soon as the upload is complete.
         */
        Upload: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
            /** Filename */
            filename: string;
            /** Id */
            id: string;
            /** Media Id */
            media_id: string;
            /** Part Count */
            part_count: number;
            /** Part Size */
            part_size: number;
            /** Size */
            size: number;
            state: components["schemas"]["SessionState"];
            /** Title */
            title: string;
        };
        /**
         * UploadWithParts
         * @description With the addresses of what is missing: of the first thousand parts, more by `GET …/parts`.
         */
        UploadWithParts: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
            /** Filename */
            filename: string;
            /** Id */
            id: string;
            /** Media Id */
            media_id: string;
            /** Part Count */
            part_count: number;
            /** Part Size */
            part_size: number;
            /** Parts */
            parts: components["schemas"]["Part"][];
            /** Size */
            size: number;
            state: components["schemas"]["SessionState"];
            /** Title */
            title: string;
        };
        /**
         * Webhook
         * @description An address that is told what happens to media.
         */
        Webhook: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Events */
            events: components["schemas"]["JobState"][];
            /** Id */
            id: string;
            /** Url */
            url: string;
        };
        /**
         * WebhookWithSecret
         * @description A new webhook. `secret` checks what it is sent; it is not shown again.
         */
        WebhookWithSecret: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Events */
            events: components["schemas"]["JobState"][];
            /** Id */
            id: string;
            /** Secret */
            secret: string;
            /** Url */
            url: string;
        };
        /**
         * Webhooks
         * @description Oldest first.
         */
        Webhooks: {
            /** Items */
            items: components["schemas"]["Webhook"][];
        };
    };
    responses: {
        /** @description Bad request */
        Problem400: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Unauthenticated */
        Problem401: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Forbidden */
        Problem403: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Not found */
        Problem404: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Conflict */
        Problem409: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Gone */
        Problem410: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Request too large */
        Problem413: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Range not satisfiable */
        Problem416: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Invalid request */
        Problem422: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too many requests */
        Problem429: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Internal error */
        Problem500: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Unavailable */
        Problem503: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Out of room */
        Problem507: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    graphql: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @constant */
                    operationName: "BackfillState";
                    variables: {
                        backfillId: string;
                    };
                } | {
                    /** @constant */
                    operationName: "Failures";
                    variables: {
                        mediaId: string;
                    };
                } | {
                    /** @constant */
                    operationName: "Materializations";
                    variables: {
                        mediaId: string;
                    };
                } | {
                    /** @constant */
                    operationName: "RunProgress";
                    variables: {
                        runId: string;
                    };
                } | {
                    /** @constant */
                    operationName: "UploadStatus";
                    variables: {
                        mediaId: string;
                    };
                };
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            413: components["responses"]["Problem413"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    alive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: string;
                    };
                };
            };
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: string;
                    };
                };
            };
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    list_media: {
        parameters: {
            query?: {
                /** @description Those that were removed are listed only by theirs. */
                state?: components["schemas"]["JobState"] | null;
                /** @description Words of the title, tags, speech, on-screen text. */
                q?: string | null;
                /** @description Received then or later. */
                since?: string | null;
                /** @description Received earlier. */
                before?: string | null;
                limit?: number;
                /** @description `next` of the page before. */
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MediaPage"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    get_media: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                media_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MediaDetail"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    delete_media: {
        parameters: {
            query?: {
                /** @description Leave the uploaded object where it is. */
                keep_source?: boolean;
            };
            header?: never;
            path: {
                media_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            409: components["responses"]["Problem409"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    cancel_media: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                media_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MediaDetail"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    follow_media: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                media_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        data?: string;
                        /** @enum {unknown} */
                        event?: "status" | "end";
                    };
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    get_mp4: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                media_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            307: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    get_original: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                media_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            307: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    redrive_media: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                media_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redriven"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            409: components["responses"]["Problem409"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    play_mp4: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                media_id: string;
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "*/*": unknown;
                };
            };
            /** @description The range asked for */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "*/*": unknown;
                };
            };
            /** @description To the store, for a while */
            307: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            416: components["responses"]["Problem416"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    play_original: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                media_id: string;
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "*/*": unknown;
                };
            };
            /** @description The range asked for */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "*/*": unknown;
                };
            };
            /** @description To the store, for a while */
            307: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            416: components["responses"]["Problem416"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    play_poster: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                media_id: string;
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "*/*": unknown;
                };
            };
            /** @description The range asked for */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "*/*": unknown;
                };
            };
            /** @description To the store, for a while */
            307: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            416: components["responses"]["Problem416"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    play_file: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                media_id: string;
                token: string;
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "*/*": unknown;
                };
            };
            /** @description The range asked for */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "*/*": unknown;
                };
            };
            /** @description To the store, for a while */
            307: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            416: components["responses"]["Problem416"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    begin_upload: {
        parameters: {
            query?: never;
            header?: {
                "idempotency-key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewUpload"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadWithParts"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            413: components["responses"]["Problem413"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    get_upload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                upload_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    abort_upload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                upload_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    complete_upload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                upload_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Completed"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            413: components["responses"]["Problem413"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    list_parts: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                upload_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Parts"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    send_part: {
        parameters: {
            query: {
                token: string;
            };
            header?: never;
            path: {
                upload_id: string;
                number: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/octet-stream": unknown;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            400: components["responses"]["Problem400"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            409: components["responses"]["Problem409"];
            410: components["responses"]["Problem410"];
            413: components["responses"]["Problem413"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
            507: components["responses"]["Problem507"];
        };
    };
    list_webhooks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhooks"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    create_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewWebhook"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    delete_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    list_deliveries: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `next` of the page before. */
                cursor?: string | null;
            };
            header?: never;
            path: {
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryPage"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    redeliver: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                webhook_id: string;
                delivery_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Delivery"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
}
