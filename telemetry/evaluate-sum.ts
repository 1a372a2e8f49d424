/** A sum of floats that does not lose small terms beside large ones. Source: Kahan and Neumaier, as Prometheus 3's `sum`. */

export class ExactSum {
  #sum = 0;
  #lost = 0;

  get value(): number {
    return Number.isFinite(this.#sum) ? this.#sum + this.#lost : this.#sum;
  }

  add(term: number): void {
    const sum = this.#sum + term;
    if (Number.isFinite(sum)) {
      this.#lost +=
        Math.abs(this.#sum) >= Math.abs(term) ? this.#sum - sum + term : term - sum + this.#sum;
    }
    this.#sum = sum;
  }
}
