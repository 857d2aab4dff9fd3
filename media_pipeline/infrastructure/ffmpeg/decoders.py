"""The decoders that may touch an upload, by ffmpeg's names: what cameras, phones, editors, broadcasters and screen
recorders write. Decoders of games, of dead formats and those known to be unsafe (MagicYUV: CVE-2026-8461) are left out,
and so is every picture format but those of covers.
"""

VIDEO = frozenset({
    # of today; several programs may decode one codec
    "h264", "libopenh264", "hevc", "vvc", "vp8", "libvpx", "vp9", "libvpx-vp9", "av1", "libdav1d", "libaom-av1",
    # of yesterday
    "h261", "h263", "h263i", "h263p", "mpeg1video", "mpeg2video", "mpegvideo", "mpeg4", "msmpeg4v1", "msmpeg4v2",
    "msmpeg4", "wmv1", "wmv2", "wmv3", "vc1", "flv", "vp3", "vp5", "vp6", "vp6a", "vp6f", "theora", "svq1", "svq3",
    "cinepak", "indeo3", "indeo4", "indeo5", "msvideo1", "msrle", "rpza", "smc", "qtrle", "cavs",
    # of cameras, editors and archives
    "prores", "prores_raw", "dnxhd", "cfhd", "dvvideo", "jpeg2000", "mjpeg", "mjpegb", "ffv1", "huffyuv", "ffvhuff",
    "utvideo", "hap", "dirac", "snow", "speedhq", "apv", "rawvideo", "v210", "v210x", "v308", "v408", "v410", "r210",
    "yuv4", "bitpacked", "png", "avui",
    # of screen recorders
    "flashsv", "flashsv2", "camtasia", "tscc2", "zmbv", "fraps", "mss1", "mss2", "g2m", "screenpresso",
    # of covers
    "bmp", "gif", "webp", "tiff",
})  # fmt: skip
AUDIO = frozenset({
    "aac", "aac_fixed", "aac_latm", "ac3", "ac3_fixed", "eac3", "alac", "als", "amrnb", "amrwb", "libopencore_amrnb",
    "libopencore_amrwb", "comfortnoise", "dca", "dolby_e", "dvaudio", "flac", "g722", "g723_1", "g726", "g726le",
    "g729", "gsm", "gsm_ms", "ilbc", "mace3", "mace6", "mlp", "mp1", "mp1float", "mp2", "mp2float", "mp3", "mp3float",
    "mp3adu", "mp3adufloat", "mp3on4", "mp3on4float", "nellymoser", "opus", "libopus", "qdm2", "qdmc", "s302m", "speex",
    "libspeex", "truehd", "truespeech", "tta", "vorbis", "libvorbis", "wavpack", "wmalossless", "wmapro", "wmav1",
    "wmav2", "wmavoice", "qcelp", "atrac3", "atrac3plus", "on2avc",
    "adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ima_oki", "adpcm_ms", "adpcm_swf", "adpcm_yamaha",
    "pcm_alaw", "pcm_mulaw", "pcm_bluray", "pcm_dvd", "pcm_lxf", "pcm_vidc", "pcm_u8", "pcm_s8",
    "pcm_s8_planar", "pcm_s24daud", "pcm_f16le", "pcm_f24le",
    *(f"pcm_{kind}{bits}{end}" for kind in "su" for bits in (16, 24, 32) for end in ("le", "be")),
    *(f"pcm_s{bits}le_planar" for bits in (16, 24, 32)), "pcm_s16be_planar", "pcm_s64le", "pcm_s64be",
    *(f"pcm_f{bits}{end}" for bits in (32, 64) for end in ("le", "be")),
})  # fmt: skip
TEXT = frozenset({
    # all there are: a track that ffprobe may not open would cost the whole file
    "ass", "ssa", "cc_dec", "dvbsub", "dvdsub", "pgssub", "xsub", "mov_text", "srt", "subrip", "webvtt", "text", "stl",
    "jacosub", "microdvd", "mpl2", "pjs", "realtext", "sami", "subviewer", "subviewer1", "vplayer",
    "libaribb24", "libaribcaption", "libzvbi_teletextdec",
})  # fmt: skip
ALLOWED = VIDEO | AUDIO | TEXT
