/** Patterns: what a user may make, write to and read from. */
export interface Permission {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

/** Patterns for the routing keys of one topic exchange. */
export type TopicPermission = Pick<Permission, 'write' | 'read'>;

/** A user as written. What is undefined is left as it is. */
export interface Account {
  readonly name: string;
  readonly password: { readonly text: string } | { readonly hash: string } | undefined;
  readonly tags: readonly string[] | undefined;
  /** by virtual host */
  readonly permissions: ReadonlyMap<string, Permission> | undefined;
  /** by virtual host, then by exchange */
  readonly topics: ReadonlyMap<string, ReadonlyMap<string, TopicPermission>> | undefined;
}

/** Everything that is written. What is undefined is left as it is, with `prune` too: nothing is said of it. */
export interface Accounts {
  readonly vhosts: readonly string[] | undefined;
  readonly users: readonly Account[] | undefined;
}

export interface FoundUser {
  readonly name: string;
  /** Base64: a salt of four bytes, then the digest; empty: nobody can log in with a password */
  readonly hash: string;
  /** `rabbit_password_hashing_sha256` and the like */
  readonly hashing: string;
  readonly tags: readonly string[];
}

/** What RabbitMQ has. */
export interface FoundAccounts {
  /** the user whom the API was asked as */
  readonly self: string;
  readonly vhosts: readonly string[];
  readonly users: readonly FoundUser[];
  readonly permissions: readonly (Permission & { readonly user: string; readonly vhost: string })[];
  readonly topics: readonly (TopicPermission & {
    readonly user: string;
    readonly vhost: string;
    readonly exchange: string;
  })[];
}
