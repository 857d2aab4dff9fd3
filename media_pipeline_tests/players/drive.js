// One face for every player, so that one test can drive them all. Heights name qualities, languages name tracks.

const players = {
  async hls(video, url) {
    const hls = new Hls({ startLevel: 0 });
    hls.loadSource(url);
    hls.attachMedia(video);
    await new Promise((done, failed) => {
      hls.on(Hls.Events.MANIFEST_PARSED, done);
      hls.on(Hls.Events.ERROR, (_, error) => error.fatal && failed(new Error(error.details)));
    });
    return {
      heights: () => hls.levels.map((level) => level.height),
      quality: (height) => { hls.currentLevel = hls.levels.findIndex((level) => level.height === height); },
      sounds: () => hls.audioTracks.map((track) => track.lang),
      sound: (language) => { hls.audioTrack = hls.audioTracks.findIndex((track) => track.lang === language); },
      heard: () => hls.audioTracks[hls.audioTrack]?.lang,
      texts: () => hls.subtitleTracks.map((track) => track.lang),
      text: (language) => {
        hls.subtitleTrack = hls.subtitleTracks.findIndex((track) => track.lang === language);
        hls.subtitleDisplay = true;
      },
    };
  },

  async dash(video, url) {
    const dash = dashjs.MediaPlayer().create();
    const all = (kind) => dash.getTracksFor(kind);
    await new Promise((done, failed) => {
      dash.on(dashjs.MediaPlayer.events.STREAM_INITIALIZED, done);
      dash.on(dashjs.MediaPlayer.events.ERROR, ({ error }) => failed(new Error(error.message)));
      dash.initialize(video, url, false);
    });
    return {
      heights: () => dash.getRepresentationsByType("video").map((one) => one.height),
      quality: (height) => {
        dash.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: false } }, buffer: { fastSwitchEnabled: true } } });
        const one = dash.getRepresentationsByType("video").find((each) => each.height === height);
        dash.setRepresentationForTypeById("video", one.id, true);
      },
      sounds: () => all("audio").map((track) => track.lang),
      sound: (language) => dash.setCurrentTrack(all("audio").find((track) => track.lang === language)),
      heard: () => dash.getCurrentTrackFor("audio")?.lang,
      texts: () => all("text").map((track) => track.lang),
      text: (language) => {
        dash.enableText(true);
        dash.setTextTrack(all("text").findIndex((track) => track.lang === language));
      },
    };
  },

  async shaka(video, url) {
    shaka.polyfill.installAll();
    const player = new shaka.Player();
    await player.attach(video);
    await player.load(url);
    return {
      heights: () => [...new Set(player.getVariantTracks().map((track) => track.height))],
      quality: (height) => {
        player.configure({ abr: { enabled: false } });
        const heard = player.getVariantTracks().find((track) => track.active).language;
        const one = player.getVariantTracks().find((track) => track.height === height && track.language === heard);
        player.selectVariantTrack(one, true);
      },
      sounds: () => [...new Set(player.getVariantTracks().map((track) => track.language))],
      sound: (language) => player.selectVariantsByLanguage
        ? player.selectVariantsByLanguage(language)
        : player.selectAudioTrack(player.getAudioTracks().find((track) => track.language === language)),
      heard: () => player.getVariantTracks().find((track) => track.active)?.language,
      texts: () => player.getTextTracks().map((track) => track.language),
      text: (language) => player.selectTextTrack(player.getTextTracks().find((track) => track.language === language)),
    };
  },
};

window.begin = async (name, url) => {
  const video = document.createElement("video");
  video.muted = true;
  document.body.replaceChildren(video);
  window.video = video;
  window.player = await players[name](video, url);
};
window.facts = () => ({
  time: video.currentTime,
  duration: video.duration,
  ended: video.ended,
  height: video.videoHeight,
  frames: video.getVideoPlaybackQuality().totalVideoFrames,
  heard: player.heard(),
  cues: [...video.textTracks].filter((track) => track.mode === "showing").flatMap(
    (track) => [...(track.activeCues ?? [])].map((cue) => cue.text),
  ),
  error: video.error?.message ?? null,
});
