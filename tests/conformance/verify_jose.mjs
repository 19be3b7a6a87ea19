// Verifies the tokens with jose, on WebCrypto. Asks the same as tokens.py and shares no code with it, so that
// neither can be wrong alone.
//
// usage: verify_jose.mjs DEMO EXCHANGE, as in tokens.py

import { createHash, webcrypto } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

// Node 18, Debian 12's, has no global WebCrypto; jose wants one when it is loaded.
globalThis.crypto ??= webcrypto
const { calculateJwkThumbprint, createLocalJWKSet, decodeJwt, errors, importJWK, jwtVerify } = await import('jose')

const EVENTS = [
  'https://schemas.openid.net/secevent/caep/event-type/risk-level-change',
  'https://schemas.mtd-agent.dev/secevent/event-type/device-report',
]
const CLAIMS = ['aud', 'events', 'iat', 'iss', 'jti', 'mtd_epoch', 'mtd_seq', 'sub_id', 'txn']

// How many bytes of the claims are altered, one at a time. Header and signature are altered at every byte.
const CLAIMS_POSITIONS = 32

// The typ of each kind of token.
const KINDS = {
  secevent: 'secevent+jwt',
  receipt: 'mtd-receipt+jwt',
  refusal: 'mtd-refusal+jwt',
  settings: 'mtd-settings+jwt',
  policy: 'mtd-policy+jwt',
  decision: 'mtd-decision+jwt',
  'key-change': 'mtd-key-change+jwt',
  enrolment: 'mtd-enrolment+jwt',
  request: 'mtd-request+jwt',
}

async function main(demo, exchange) {
  await checkDemo(demo)
  await checkExchange(exchange)
}

async function checkDemo(directory) {
  const read = (name) => readFileSync(join(directory, name), 'utf8')
  const tokens = (name) => read(name).split('\n').filter(Boolean)
  const device = await Key.of(JSON.parse(read('device.jwk.json')))
  const connector = await Key.of(JSON.parse(read('connector.jwk.json')))
  const reports = tokens('reports.jws')
  const receipts = tokens('receipts.jws')
  expect(reports.length && receipts.length, 'there are neither reports nor receipts to verify')

  const receiptClaims = []
  for (const token of receipts) receiptClaims.push(await verified(token, connector, { typ: 'mtd-receipt+jwt' }))
  const issuer = receiptClaims[0].iss
  const reportClaims = []
  for (const token of reports) {
    const iss = `${issuer}/d/${decodeJwt(token).sub_id.device.id}`
    reportClaims.push(await verified(token, device, { typ: 'secevent+jwt', audience: `${issuer}/set`, issuer: iss }))
  }

  reportClaims.forEach(checkClaims)
  checkChain(reports, reportClaims)
  checkReceipts(receiptClaims, reports, reportClaims)

  let refused = 0
  for (const [some, key, wrongKey] of [[reports, device, connector], [receipts, connector, device]]) {
    for (const token of some) {
      for (const [what, altered] of alterations(token)) {
        await checkRefused(altered, key, what)
        refused += 1
      }
      await checkRefused(token, wrongKey, 'a token under another key')
      refused += 1
    }
  }
  console.log(
    `jose: ${reports.length} reports and ${receipts.length} receipts verify; ${refused} altered ones do not`,
  )
}

// Every kind of token, under the key that it must be under, for whom it is meant, and for nobody else.
async function checkExchange(directory) {
  const read = (name) => JSON.parse(readFileSync(join(directory, name), 'utf8'))
  const keys = {}
  for (const [name, jwk] of Object.entries(read('keys.json'))) keys[name] = await Key.of(jwk)
  const counts = {}
  let refused = 0
  for (const { kind, token, key, iss, aud } of read('tokens.json')) {
    const parties = { ...(iss && { issuer: iss }), ...(aud && { audience: aud }) }
    await verified(token, keys[key], { typ: KINDS[kind], ...parties })
    if (aud) {
      await checkRefused(token, keys[key], `${kind} for somebody else`, { audience: 'https://evil.example' })
      refused += 1
    }
    for (const [name, other] of Object.entries(keys)) {
      if (name === key) continue
      await checkRefused(token, other, `${kind} under the key of the ${name}`)
      refused += 1
    }
    // One of each kind: thousands of verifications each.
    for (const [what, altered] of counts[kind] ? [] : alterations(token)) {
      await checkRefused(altered, keys[key], what)
      refused += 1
    }
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  const set = createLocalJWKSet(read('jwks.json'))
  let bySet = 0
  for (const { token, key } of read('tokens.json').filter((it) => it.key === 'connector-2')) {
    const { protectedHeader } = await jwtVerify(token, set, { algorithms: ['ES256'] })
    expect(protectedHeader.kid === keys[key].kid, `kid ${protectedHeader.kid}`)
    bySet += 1
  }
  expect(bySet > 0, "nothing is signed by the connector's newest key")
  expect(Object.keys(counts).sort().join() === Object.keys(KINDS).sort().join(), `kinds ${Object.keys(counts)}`)
  const told = Object.entries(counts).sort().map(([kind, count]) => `${count} ${kind}`).join(', ')
  console.log(`jose: ${told} verify; ${refused} altered or for somebody else do not; ${bySet} by the JWK Set`)
}

class Key {
  static async of(jwk) {
    return Object.assign(new Key(), { key: await importJWK(jwk, 'ES256'), kid: await calculateJwkThumbprint(jwk) })
  }
}

async function verified(token, { key, kid }, options) {
  const { payload, protectedHeader } = await jwtVerify(token, key, { algorithms: ['ES256'], ...options })
  const { alg, typ, kid: found, ...others } = protectedHeader
  expect(alg === 'ES256' && typ === options.typ && found === kid, `header ${JSON.stringify(protectedHeader)}`)
  expect(Object.keys(others).length === 0, `header ${JSON.stringify(protectedHeader)}`)
  return payload
}

function checkClaims(claims) {
  const names = Object.keys(claims).filter((name) => name !== 'mtd_prev').sort()
  expect(names.join() === CLAIMS.join(), `claims ${names}`)
  const { format, device, tenant } = claims.sub_id
  const formats = [format, device.format, tenant.format].join()
  expect(formats === 'complex,opaque,opaque', `sub_id ${JSON.stringify(claims.sub_id)}`)
  expect(Number.isInteger(claims.iat), `iat ${claims.iat}`)
  expect(Buffer.from(claims.jti, 'base64url').length === 16, `jti ${claims.jti}`)
  const events = Object.keys(claims.events)
  expect(events.length === 1 && EVENTS.includes(events[0]), `events ${events}`)
}

// Each report names the digest of the one before it; each enrolment starts a chain of its own.
function checkChain(tokens, claims) {
  const newest = new Map()
  claims.forEach(({ mtd_epoch, mtd_seq, mtd_prev }, index) => {
    const before = newest.get(mtd_epoch) ?? { seq: 0 }
    expect(mtd_seq === before.seq + 1, `report ${mtd_seq} follows report ${before.seq}`)
    expect(mtd_prev === before.digest, `mtd_prev of report ${mtd_seq}`)
    newest.set(mtd_epoch, { seq: mtd_seq, digest: digest(tokens[index]) })
  })
  expect(new Set(claims.map(({ jti }) => jti)).size === claims.length, 'a jti is used twice')
}

// The receipts are for these reports, byte for byte, and for no others.
function checkReceipts(receipts, tokens, reports) {
  const unique = (rows) => [...new Set(rows.map((row) => row.join()))].sort().join('\n')
  const received = unique(receipts.map(({ jti, sha256, seq }) => [jti, sha256, seq]))
  const sent = unique(reports.map(({ jti, mtd_seq }, index) => [jti, digest(tokens[index]), mtd_seq]))
  expect(received === sent, `receipts and reports differ:\n${received}\n\n${sent}`)
}

async function checkRefused(token, { key }, what, options = {}) {
  try {
    await jwtVerify(token, key, { algorithms: ['ES256'], ...options })
  } catch (error) {
    if (error instanceof errors.JOSEError) return
    throw error
  }
  expect(false, `verifies although altered: ${what}`)
}

// `token` with one bit flipped: in every byte of header and signature, and in bytes all over the claims. The
// bytes are altered, not the letters: the last letter of a part holds bits that stand for nothing.
function* alterations(token) {
  const parts = token.split('.').map((part) => Buffer.from(part, 'base64url'))
  for (const [index, name] of ['header', 'claims', 'signature'].entries()) {
    const { length } = parts[index]
    const step = name === 'claims' ? Math.max(1, Math.floor(length / CLAIMS_POSITIONS)) : 1
    for (let position = 0; position < length; position += step) {
      const altered = parts.map((part) => Buffer.from(part))
      altered[index][position] ^= 1 << position % 8
      const spelled = altered.map((part) => part.toString('base64url')).join('.')
      yield [`bit ${position % 8} of byte ${position} of the ${name}`, spelled]
    }
  }
}

function digest(token) {
  return createHash('sha256').update(token).digest('base64url')
}

function expect(condition, otherwise) {
  if (condition) return
  console.error(`${basename(process.argv[1])}: ${otherwise}`)
  process.exit(1)
}

await main(process.argv[2], process.argv[3])
