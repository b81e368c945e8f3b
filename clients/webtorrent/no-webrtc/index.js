// In the place of webrtc-polyfill, whose native library an install without scripts has not got: WebTorrent then finds
// that there is no WebRTC, and uses TCP only.
export const RTCPeerConnection = undefined;
export const RTCSessionDescription = undefined;
export const RTCIceCandidate = undefined;
