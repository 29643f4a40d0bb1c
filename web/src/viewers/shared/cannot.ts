/** Nothing is wrong with the server: this file, or this browser, does not allow it. */
export class CannotShow extends Error {
  constructor(
    message: string,
    readonly nextStep = "Download the file to open it with a program on your computer.",
  ) {
    super(message);
    this.name = "CannotShow";
  }
}
