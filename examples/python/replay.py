"""Plays recorded conversations, as examples/replay does: for `npm run replay -- --agent python`.

The recording is in the session's metadata (`conversation`); which turn it is follows from the history.
"""

import re

from agent import serve


def play(request):
    conversation = request["session"]["metadata"].get("conversation")
    if conversation is None:
        yield "error", {"code": "no_conversation", "message": "The session has no conversation in its metadata."}
        return
    # Counted, not looked up by its text: people say the same thing twice.
    said = sum(1 for item in request["items"] if item.get("role") == "user")
    if said >= len(conversation["turns"]):
        yield "error", {"code": "unknown_turn", "message": f"The conversation ends before turn {said + 1}."}
        return
    turn = conversation["turns"][said]
    for index, call in enumerate(turn["toolCalls"]):
        call_id = f"call_{said + 1}_{index + 1}"
        arguments = {"callId": call_id, "name": call["name"], "arguments": call["arguments"]}
        yield "item", {"item": {"type": "tool_call", **arguments}}
        yield "item", {"item": {"type": "tool_result", "callId": call_id, "result": call["result"]}}
    words = words_of(turn["assistant"])
    for word in words:
        yield "text", {"delta": word}
    yield "usage", {"inputTokens": len(words_of(turn["user"])), "outputTokens": len(words)}


def words_of(text):
    """Pieces that give exactly the text when joined; an empty text is one empty piece: also that is an answer."""
    return re.findall(r"\S+\s*|\s+", text) or [""]


if __name__ == "__main__":
    serve(play, port=4101)
