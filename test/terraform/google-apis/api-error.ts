/** An answer of Google's APIs that refuses. */

const STATUS = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  412: 'FAILED_PRECONDITION',
} as const;

export class ApiError extends Error {
  readonly code: keyof typeof STATUS;

  constructor(code: keyof typeof STATUS, message: string) {
    super(message);
    this.code = code;
  }

  /** Source: https://cloud.google.com/apis/design/errors, the JSON of an error. */
  toJson(): object {
    return { error: { code: this.code, message: this.message, status: STATUS[this.code] } };
  }
}
