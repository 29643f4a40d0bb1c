// A viewer that fails, or whose code cannot be fetched, leaves the rest of the page as it is.
import { Component, type ReactNode } from "react";
import { Failure } from "./Failure";

export class Guard extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error !== null) return <Failure error={this.state.error} />;
    return this.props.children;
  }
}
