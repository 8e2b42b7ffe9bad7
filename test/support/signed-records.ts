import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SAMPLES = join(import.meta.dirname, '..', '..', '..', 'etc');

/** A host that signs, and one that verifies, both in one folder; the configurations are those of `etc/`, the broker and the paths apart. */
export class SignedRecords {
  readonly folder: string;
  /** what of the documents and samples is elsewhere here */
  readonly own: ReadonlyMap<string, string>;

  constructor(
    folder: string,
    broker: { readonly uri: string; readonly user: string; readonly pass: string },
    destination: string,
  ) {
    this.folder = folder;
    this.own = new Map([
      ['/etc/stompctl/commands/', `${SAMPLES}/commands/`],
      ['/etc/stompctl/', `${folder}/`],
      ['/var/spool/', `${folder}/spool/`],
      ['/run/stompctl/', `${folder}/`],
      ['stomp://broker.example.com:61613', broker.uri],
      ['/queue/example.accounting', destination],
      ['name = accounting', `name = ${broker.user}`],
    ]);
    writeFileSync(join(folder, 'accounting.pass'), broker.pass, { mode: 0o600 });
    for (const name of ['signed-sender.conf', 'signed-receiver.conf']) {
      writeFileSync(join(folder, name), this.here(readFileSync(join(SAMPLES, name), 'utf8')), { mode: 0o600 });
    }
  }

  /** A text of a document or sample with what is of this place. */
  here(text: string): string {
    let own = text;
    for (const [theirs, ours] of this.own) own = own.replaceAll(theirs, ours);
    return own;
  }

  /** Makes a host with a certificate of its own, who may send when `known`. */
  makeHost(name: string, known: boolean): void {
    const subject = `/O=Example/CN=${name}`;
    const files = ['-keyout', join(this.folder, `${name}.key`), '-out', join(this.folder, `${name}.pem`)];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', subject, ...files], {
      stdio: 'pipe',
    });
    writeFileSync(join(this.folder, 'cas.pem'), readFileSync(join(this.folder, `${name}.pem`)), { flag: 'a' });
    writeFileSync(join(this.folder, 'signers'), known ? `${subject}\n` : '', { flag: 'a' });
    for (const part of ['signed-sender', 'records'])
      mkdirSync(join(this.folder, 'spool', 'stompctl', part), { recursive: true });
  }

  sign(host: string, record: string): void {
    const args = [`${host}.pem`, `${host}.key`].map((file) => join(this.folder, file));
    const { status, stderr } = spawnSync(
      join(SAMPLES, 'commands', 'sign-record'),
      [...args, this.path('stompctl/signed-sender')],
      { input: record },
    );
    if (status !== 0) throw new Error(`sign-record: ${stderr}`);
  }

  /** Below /var/spool. */
  path(name: string): string {
    return join(this.folder, 'spool', name);
  }
}
