import { errnoOf, StompctlError } from '../../base/errors.js';

/** What went wrong and what to do, by the code that Node or OpenSSL gives; `PLAIN`: the scheme of the protocol without TLS. */
const REASONS: readonly { readonly code: RegExp; readonly reason: string }[] = [
  {
    code: /^(?:SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?|CERT_SIGNATURE_FAILURE)$/,
    reason:
      'the certificate of the broker is signed by no CA that is trusted here; give its CA as ca of an x509 credential, ' +
      'beside the login if there is one: auth = "x509 ca=/etc/ssl/our-ca.pem"',
  },
  {
    code: /^CERT_HAS_EXPIRED$/,
    reason: 'the certificate of the broker has expired; the broker needs a new one (is the clock of this host right?)',
  },
  {
    code: /^CERT_NOT_YET_VALID$/,
    reason: 'the certificate of the broker is not valid yet; is the clock of this host right?',
  },
  { code: /^CERT_REVOKED$/, reason: 'the certificate of the broker is revoked' },
  {
    code: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    reason: 'the certificate of the broker is for another host; use the name in it, or SSL_verifycn_name',
  },
  {
    code: /WRONG_VERSION_NUMBER|HTTP_REQUEST|UNEXPECTED_MESSAGE|PACKET_LENGTH_TOO_LONG/,
    reason: 'the broker does not speak TLS on this port; use PLAIN or its TLS port',
  },
  {
    code: /CERTIFICATE_REQUIRED|PEER_DID_NOT_RETURN_A_CERTIFICATE/,
    reason: 'the broker asks for a client certificate; give one with an x509 credential',
  },
  {
    code: /ALERT_(?:BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED|CERTIFICATE_REVOKED|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED|DECRYPT_ERROR)/,
    reason: 'the broker does not accept our client certificate; see its log, check cert and key',
  },
  {
    code: /UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|NO_PROTOCOLS_AVAILABLE|VERSION_TOO_LOW/,
    reason: 'broker and client have no TLS version in common; see SSL_version',
  },
  {
    code: /HANDSHAKE_FAILURE|NO_SHARED_CIPHER|NO_CIPHER_MATCH/,
    reason: 'broker and client do not agree on TLS: no cipher in common, or the broker asks for a client certificate',
  },
];

type PlainScheme = 'stomp://' | 'ws://' | 'amqp://';

/** TLS_FAILED for an error of a TLS connection, in one clear line; undefined when the error is not about TLS. */
export function tlsFailure(place: string, error: Error, plain: PlainScheme = 'stomp://'): StompctlError | undefined {
  if (error instanceof StompctlError) return error;
  const code = errnoOf(error) ?? '';
  const known = REASONS.find((row) => row.code.test(code));
  if (known !== undefined) {
    const reason = known.reason.replace('PLAIN', plain);
    return new StompctlError('TLS_FAILED', 'connect', place, `${reason} (${code})`, error);
  }
  if (!/^ERR_(?:SSL|TLS|OSSL)_|^EPROTO$/.test(code)) return undefined;
  return new StompctlError('TLS_FAILED', 'connect', place, `TLS failed: ${code}; see the log of the broker`, error);
}
