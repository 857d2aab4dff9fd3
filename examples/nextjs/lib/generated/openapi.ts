export interface paths {
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Alive
         * @description The process answers.
         */
        get: operations["alive_healthz_get"];
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
        get: operations["ready_readyz_get"];
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
         * Begin
         * @description Announce a file. The answer says where to send its parts, in any order, several at a time.
         *
         *     With the same `Idempotency-Key` and the same body it is the same upload; with another body it is refused.
         */
        post: operations["begin_v1_uploads_post"];
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
         * Status
         * @description How an upload stands.
         */
        get: operations["status_v1_uploads__upload_id__get"];
        put?: never;
        post?: never;
        /**
         * Abort
         * @description Take an upload back that is not complete; what arrived of it is deleted.
         */
        delete: operations["abort_v1_uploads__upload_id__delete"];
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
         * Parts
         * @description Which parts have arrived, and fresh addresses for those that have not.
         */
        get: operations["parts_v1_uploads__upload_id__parts_get"];
        put?: never;
        post?: never;
        delete?: never;
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
         * Complete
         * @description Every part was sent: the media is registered, and its run asked for. Asked again, the answer is the same.
         *
         *     409 `parts-missing` where parts are not here; 422 `checksum-mismatch` where the bytes are not those announced, of
         *     which nothing is kept then.
         */
        post: operations["complete_v1_uploads__upload_id__complete_post"];
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
         * Receive
         * @description One part, by its signed address. The `ETag` of the answer is that of the part.
         */
        put: operations["receive_v1_uploads__upload_id__parts__number__put"];
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
         * Listed
         * @description The caller's media, newest first: a page of them.
         */
        get: operations["listed_v1_media_get"];
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
         * Status
         * @description How the job of a media stands and, from *playable* on, where to play it.
         */
        get: operations["status_v1_media__media_id__get"];
        put?: never;
        post?: never;
        /**
         * Remove
         * @description Erase the uploaded object and everything made from it, for good.
         */
        delete: operations["remove_v1_media__media_id__delete"];
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
         * Events
         * @description Server-sent events: `status` with the media as it is now and each time it is another, at most twice a second;
         *     `end` when nobody has anything left to do for it, after which the stream closes.
         */
        get: operations["events_v1_media__media_id__events_get"];
        put?: never;
        post?: never;
        delete?: never;
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
         * Cancel
         * @description Stop the job. What is published already stays.
         */
        post: operations["cancel_v1_media__media_id__cancel_post"];
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
         * Redrive
         * @description Ask again for what failed: only what is missing is made. 409 where there is nothing to do, and why.
         */
        post: operations["redrive_v1_media__media_id__redrive_post"];
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
         * Original
         * @description To the uploaded file, as a download.
         */
        get: operations["original_v1_media__media_id__original_get"];
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
         * Mp4
         * @description To one MP4 of the best picture and the default sound, as a download.
         */
        get: operations["mp4_v1_media__media_id__mp4_get"];
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
         * Original
         * @description The uploaded file, as a download, never shown in place.
         */
        get: operations["original_v1_play__media_id___token__original_get"];
        put?: never;
        post?: never;
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
         * Mp4
         * @description One MP4, as a download; put together now, where the profile did not ask for one.
         */
        get: operations["mp4_v1_play__media_id___token__download_mp4_get"];
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
         * Poster
         * @description The newest poster.
         */
        get: operations["poster_v1_play__media_id___token__poster_get"];
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
         * File
         * @description A file that a manifest or a playlist names. Ranges are answered.
         */
        get: operations["file_v1_play__media_id___token___path__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
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
        post: operations["graphql_graphql_post"];
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
            /** Number */
            number: number;
            /** Size */
            size: number;
            /** Etag */
            etag: string;
        };
        /**
         * Attempt
         * @description One try at a stage.
         */
        Attempt: {
            /** Stage */
            stage: string;
            /** Run Id */
            run_id: string;
            /**
             * Started At
             * Format: date-time
             */
            started_at: string;
            /** Ended At */
            ended_at: string | null;
            error: components["schemas"]["Failure"] | null;
        };
        /** Chapter */
        Chapter: {
            /** Start */
            start: number;
            /** End */
            end: number;
            /** Title */
            title: string;
        };
        /**
         * Check
         * @description A measured value beside its limit.
         */
        Check: {
            /** Name */
            name: string;
            /** Value */
            value: number;
            /** Limit */
            limit: number;
            /** Passed */
            passed: boolean;
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
         * Failure
         * @description A code of the closed lists, and one sentence for a person.
         */
        Failure: {
            /** Code */
            code: string;
            /** Message */
            message: string;
        };
        /** HTTPValidationError */
        HTTPValidationError: {
            /** Detail */
            detail?: components["schemas"]["ValidationError"][];
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
            /**
             * Schema Version
             * @constant
             */
            schema_version: "1.0";
            /** Id */
            id: string;
            /** Version */
            version: string;
            /** Revision */
            revision: number;
            /**
             * Kind
             * @enum {string}
             */
            kind: "video" | "audio";
            /** Duration Seconds */
            duration_seconds: number;
            /** Display Width */
            display_width: number | null;
            /** Display Height */
            display_height: number | null;
            /** Frame Rate */
            frame_rate: string | null;
            /** Hls */
            hls: string | null;
            /** Dash */
            dash: string | null;
            /** Mp4 */
            mp4: string | null;
            /** Renditions */
            renditions: components["schemas"]["ManifestRendition"][];
            /** Audio */
            audio: components["schemas"]["ManifestAudio"][];
            /** Poster */
            poster: string | null;
            storyboard: components["schemas"]["Storyboard"] | null;
            /** Preview */
            preview: string | null;
            /** Subtitles */
            subtitles: components["schemas"]["ManifestSubtitles"][];
            /** Tags */
            tags: components["schemas"]["Tag"][];
            /** Scenes */
            scenes: [
                number,
                number
            ][];
            /** Chapters */
            chapters: components["schemas"]["Chapter"][];
            /** Checks */
            checks: components["schemas"]["Check"][];
            /** Provenance */
            provenance: components["schemas"]["Provenance"][];
            /** Warnings */
            warnings: string[];
        };
        /**
         * ManifestAudio
         * @description `loudness_lufs` is null for silence.
         */
        ManifestAudio: {
            /** Language */
            language: string;
            /** Channels */
            channels: number;
            /** Codec */
            codec: string;
            /** Loudness Lufs */
            loudness_lufs: number | null;
        };
        /**
         * ManifestRendition
         * @description `bitrate` in bits/s.
         */
        ManifestRendition: {
            /** Name */
            name: string;
            /** Codec */
            codec: string;
            /** Width */
            width: number;
            /** Height */
            height: number;
            /** Bitrate */
            bitrate: number;
            /** Bytes */
            bytes: number;
        };
        /** ManifestSubtitles */
        ManifestSubtitles: {
            /** Language */
            language: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "subtitles" | "captions" | "forced";
            /**
             * Origin
             * @enum {string}
             */
            origin: "speech" | "embedded" | "human";
            /** Vtt */
            vtt: string;
            /** Srt */
            srt: string;
            /** Words */
            words: string | null;
        };
        /**
         * Media
         * @description A media, and the job of its current version. `language` (of the speech) and `tags` are as its uploader said.
         *     `poster` is an address that expires, null before there is anything
         *     to watch.
         */
        Media: {
            /** Id */
            id: string;
            /** Version */
            version: string;
            /** Title */
            title: string;
            /** Profile */
            profile: string;
            /** Language */
            language: string | null;
            /** Tags */
            tags: string[];
            /** Size */
            size: number;
            state: components["schemas"]["JobState"];
            error: components["schemas"]["Failure"] | null;
            /** Progress */
            progress: number;
            /** Revision */
            revision: number;
            /** Run Id */
            run_id: string | null;
            /**
             * Received At
             * Format: date-time
             */
            received_at: string;
            /** Started At */
            started_at: string | null;
            /** Playable At */
            playable_at: string | null;
            /** Finished At */
            finished_at: string | null;
            /** Poster */
            poster: string | null;
            /** Tasks */
            tasks: components["schemas"]["Task"][];
        };
        /**
         * MediaDetail
         * @description With what was tried and, from *playable* on, what can be played.
         */
        MediaDetail: {
            /** Id */
            id: string;
            /** Version */
            version: string;
            /** Title */
            title: string;
            /** Profile */
            profile: string;
            /** Language */
            language: string | null;
            /** Tags */
            tags: string[];
            /** Size */
            size: number;
            state: components["schemas"]["JobState"];
            error: components["schemas"]["Failure"] | null;
            /** Progress */
            progress: number;
            /** Revision */
            revision: number;
            /** Run Id */
            run_id: string | null;
            /**
             * Received At
             * Format: date-time
             */
            received_at: string;
            /** Started At */
            started_at: string | null;
            /** Playable At */
            playable_at: string | null;
            /** Finished At */
            finished_at: string | null;
            /** Poster */
            poster: string | null;
            /** Tasks */
            tasks: components["schemas"]["Task"][];
            /** Attempts */
            attempts: components["schemas"]["Attempt"][];
            shown: components["schemas"]["Shown"] | null;
            playback: components["schemas"]["Playback"] | null;
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
            /** Filename */
            filename: string;
            /**
             * Size
             * @description Bytes.
             */
            size: number;
            /**
             * Content Type
             * @default application/octet-stream
             */
            content_type?: string;
            /**
             * Sha256
             * @description Of the whole file, in hex.
             */
            sha256?: string | null;
            /**
             * Title
             * @description What people see; without it the file's name.
             */
            title?: string | null;
            /**
             * Profile
             * @description What is to be made.
             */
            profile?: string | null;
            /**
             * Language
             * @description Of the speech; without it, it is found out.
             */
            language?: string | null;
            /**
             * Tags
             * @description What it is found by, beside its title.
             * @default []
             */
            tags?: string[];
        };
        /**
         * Part
         * @description Where a part is to be sent until `expires_at`: exactly `size` bytes, with these headers, from
         *     `(number - 1) * part_size` of the file on.
         */
        Part: {
            /** Number */
            number: number;
            /** Size */
            size: number;
            /** Method */
            method: string;
            /** Url */
            url: string;
            /** Headers */
            headers: {
                [key: string]: string;
            };
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
        };
        /**
         * PartTold
         * @description A part as its sender knows it.
         */
        PartTold: {
            /** Number */
            number: number;
            /** Etag */
            etag: string;
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
            /** Original */
            original: string;
            /** Mp4 */
            mp4: string | null;
        };
        /** Provenance */
        Provenance: {
            /** Output */
            output: string;
            /** Fingerprint */
            fingerprint: string;
            /** Tool */
            tool: string;
            /** Model */
            model: string | null;
            /** Seconds */
            seconds: number;
        };
        /**
         * Receipt
         * @description What was erased.
         */
        Receipt: {
            /** Media Id */
            media_id: string;
            /**
             * Erased At
             * Format: date-time
             */
            erased_at: string;
            /** Versions */
            versions: number;
            /** Objects */
            objects: number;
            /** Bytes */
            bytes: number;
            /** Runs */
            runs: number;
            /** Source Deleted */
            source_deleted: boolean;
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
            /** Version */
            version: string;
            /** Revision */
            revision: number;
            /** Standing */
            standing: string;
        };
        /** Storyboard */
        Storyboard: {
            /** Vtt */
            vtt: string;
            /** Images */
            images: string[];
        };
        /**
         * Tag
         * @description One thing seen or read. `confidence` is the best of its frames, 0 to 1.
         */
        Tag: {
            /** Name */
            name: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "label" | "text";
            /** Confidence */
            confidence: number;
            /** Spans */
            spans: [
                number,
                number
            ][];
            /** Model */
            model: string;
        };
        /**
         * Task
         * @description One asset of the job. `progress` goes from 0 to 1.
         */
        Task: {
            /** Name */
            name: string;
            state: components["schemas"]["TaskState"];
            /** Progress */
            progress: number;
            /** Seconds */
            seconds: number | null;
            /** Reason */
            reason: string | null;
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
            /** Id */
            id: string;
            /** Media Id */
            media_id: string;
            state: components["schemas"]["SessionState"];
            /** Filename */
            filename: string;
            /** Title */
            title: string;
            /** Size */
            size: number;
            /** Part Size */
            part_size: number;
            /** Part Count */
            part_count: number;
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
        };
        /**
         * UploadWithParts
         * @description With the addresses of what is missing: of the first thousand parts, more by `GET …/parts`.
         */
        UploadWithParts: {
            /** Id */
            id: string;
            /** Media Id */
            media_id: string;
            state: components["schemas"]["SessionState"];
            /** Filename */
            filename: string;
            /** Title */
            title: string;
            /** Size */
            size: number;
            /** Part Size */
            part_size: number;
            /** Part Count */
            part_count: number;
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
            /** Parts */
            parts: components["schemas"]["Part"][];
        };
        /** ValidationError */
        ValidationError: {
            /** Location */
            loc: (string | number)[];
            /** Message */
            msg: string;
            /** Error Type */
            type: string;
            /** Input */
            input?: unknown;
            /** Context */
            ctx?: Record<string, never>;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    alive_healthz_get: {
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
        };
    };
    ready_readyz_get: {
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
        };
    };
    begin_v1_uploads_post: {
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
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    status_v1_uploads__upload_id__get: {
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
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    abort_v1_uploads__upload_id__delete: {
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
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    parts_v1_uploads__upload_id__parts_get: {
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
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    complete_v1_uploads__upload_id__complete_post: {
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
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    receive_v1_uploads__upload_id__parts__number__put: {
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
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    listed_v1_media_get: {
        parameters: {
            query?: {
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
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    status_v1_media__media_id__get: {
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
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    remove_v1_media__media_id__delete: {
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
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    events_v1_media__media_id__events_get: {
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
                    "text/event-stream": unknown;
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    cancel_v1_media__media_id__cancel_post: {
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
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    redrive_v1_media__media_id__redrive_post: {
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
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    original_v1_media__media_id__original_get: {
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
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    mp4_v1_media__media_id__mp4_get: {
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
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    original_v1_play__media_id___token__original_get: {
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
                    "application/json": unknown;
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    mp4_v1_play__media_id___token__download_mp4_get: {
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
                    "application/json": unknown;
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    poster_v1_play__media_id___token__poster_get: {
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
                    "application/json": unknown;
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    file_v1_play__media_id___token___path__get: {
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
                    "application/json": unknown;
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    graphql_graphql_post: {
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
        };
    };
}
