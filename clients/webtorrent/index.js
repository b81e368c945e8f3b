export { pbts } from './extension.js';
export { instanceOf } from './report.js';
export { decodeAck, decodeVoucher, encodeAck, encodeRequest, encodeVoucher, keyPair, message, sign, toJson, verify,
  voucherId } from './vouchers.js';
