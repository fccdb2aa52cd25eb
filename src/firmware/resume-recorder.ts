import type { ResumeEvent } from "../compensation/resume-conversation.ts";
import type { Recorder } from "../history/recorder.ts";

/** Turns the course of a device's resume requests into operations of the history. */
export function createResumeRecorder(actor: string, recorder: Recorder): (event: ResumeEvent) => void {
  const opOf = new Map<string, number>();
  return (event) => {
    if (event.type === "invoked") {
      const op = recorder.nextOp();
      opOf.set(event.requestId, op);
      recorder.record({ type: "invoke", action: "resume", op, actor, lastMessageId: event.lastMessageId });
      return;
    }
    const op = opOf.get(event.requestId);
    if (op === undefined) return;
    opOf.delete(event.requestId);
    const ending = { action: "resume", op, actor } as const;
    if (event.type === "ok") {
      const { replayed, headMessageId } = event;
      recorder.record({ type: "ok", ...ending, replayed, headMessageId });
    } else if (event.type === "fail") {
      recorder.record({ type: "fail", ...ending, reason: event.code });
    } else {
      recorder.record({ type: "info", ...ending, reason: event.reason });
    }
  };
}
