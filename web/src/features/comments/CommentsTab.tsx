// What people say about an asset, with the version that it was said about.
import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { addComment, deleteComment, editComment, listComments } from "../../api/changes";
import type { Comment } from "../../api/types";
import { useApp } from "../../app/context";
import { fail } from "../../app/flash";
import { useMayChange } from "../../app/rights";
import { ActionDialog } from "../../ui/ActionDialog";
import { Empty } from "../../ui/Empty";
import { formatCount, formatInstant } from "../../ui/format";
import { Problem } from "../../ui/Problem";
import { richFromText, textFromRich } from "../../ui/rich";
import { RichText } from "../../ui/RichText";
import "./comments.css";

const NONE: Comment[] = [];

const keyOf = (comment: Comment) => comment["assetVersionId:commentId"];

/** "v3", where the comment is about a version. */
function versionOf(comment: Comment): string {
  const version = keyOf(comment).replace(/:[^:]*$/, "");
  return /^\d+$/.test(version) ? `v${version}` : "";
}

function Writer(props: {
  label: string;
  initial: string;
  submitText: string;
  onSubmit: (html: string) => Promise<void>;
  onCancel?: () => void;
}) {
  const [text, setText] = useState(props.initial);
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    try {
      await props.onSubmit(richFromText(text));
      setText("");
    } catch (error) {
      fail("The comment cannot be saved", error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <SpaceBetween size="xs">
      <FormField
        label={props.label}
        constraintText="**bold**, _slanted_, lines that begin with - make a list."
        stretch
      >
        <Textarea
          value={text}
          onChange={({ detail }) => setText(detail.value)}
          rows={3}
          disabled={busy}
        />
      </FormField>
      <SpaceBetween direction="horizontal" size="xs">
        <Button
          variant={props.onCancel === undefined ? "primary" : "normal"}
          disabled={text.trim() === ""}
          loading={busy}
          onClick={() => void submit()}
        >
          {props.submitText}
        </Button>
        {props.onCancel !== undefined && (
          <Button variant="link" onClick={props.onCancel}>
            Cancel
          </Button>
        )}
      </SpaceBetween>
    </SpaceBetween>
  );
}

function CommentView(props: {
  comment: Comment;
  own: boolean;
  onEdit: (html: string) => Promise<void>;
  onDelete: () => void;
}) {
  const { comment } = props;
  const [editing, setEditing] = useState(false);
  const version = versionOf(comment);
  return (
    <li className="vams-comment">
      <div className="vams-comment-head">
        <strong>{comment.commentOwnerUsername}</strong>
        {version !== "" && <Badge>{version}</Badge>}
        <Box color="text-body-secondary" fontSize="body-s">
          {formatInstant(comment.dateCreated)}
          {comment.dateEdited !== undefined && ` · edited ${formatInstant(comment.dateEdited)}`}
        </Box>
        {props.own && !editing && (
          <span className="vams-comment-actions">
            <Button
              variant="icon"
              iconName="edit"
              ariaLabel={`Edit the comment of ${formatInstant(comment.dateCreated)}`}
              onClick={() => setEditing(true)}
            />
            <Button
              variant="icon"
              iconName="remove"
              ariaLabel={`Delete the comment of ${formatInstant(comment.dateCreated)}`}
              onClick={props.onDelete}
            />
          </span>
        )}
      </div>
      {editing ? (
        <Writer
          label="Edit the comment"
          initial={textFromRich(comment.commentBody)}
          submitText="Save"
          onSubmit={async (html) => {
            await props.onEdit(html);
            setEditing(false);
          }}
          onCancel={() => setEditing(false)}
        />
      ) : (
        <RichText html={comment.commentBody} />
      )}
    </li>
  );
}

export function CommentsTab(props: {
  assetId: string;
  /** New comments are about this version. */
  version: string;
  /** The asset is archived. */
  locked: boolean;
}) {
  const { assetId } = props;
  const { user } = useApp();
  const client = useQueryClient();
  const mayWrite = useMayChange() && !props.locked;
  const [gone, setGone] = useState<Comment | null>(null);
  const key = ["comments", assetId];
  const list = useQuery({ queryKey: key, queryFn: ({ signal }) => listComments(assetId, signal) });
  const refresh = () => client.invalidateQueries({ queryKey: key });
  if (list.error !== null)
    return <Problem error={list.error} onRetry={() => void list.refetch()} />;
  const comments = [...(list.data ?? NONE)].sort((a, b) =>
    a.dateCreated.localeCompare(b.dateCreated),
  );
  return (
    <Container
      header={
        <Header variant="h2" counter={list.isPending ? "" : `(${formatCount(comments.length)})`}>
          Comments
        </Header>
      }
    >
      <SpaceBetween size="l">
        {list.isPending ? (
          <div className="vams-waiting" role="status" aria-label="Loading" />
        ) : comments.length === 0 ? (
          <Empty
            title="No comments"
            text={mayWrite ? "Be the first to say something." : "Nobody has said anything yet."}
          />
        ) : (
          <ul className="vams-comments">
            {comments.map((comment) => (
              <CommentView
                key={keyOf(comment)}
                comment={comment}
                own={mayWrite && comment.commentOwnerID === user.id}
                onEdit={async (html) => {
                  await editComment(assetId, keyOf(comment), html);
                  await refresh();
                }}
                onDelete={() => setGone(comment)}
              />
            ))}
          </ul>
        )}
        {mayWrite && (
          <Writer
            label={`Comment on v${props.version}`}
            initial=""
            submitText="Comment"
            onSubmit={async (html) => {
              await addComment(assetId, props.version, html);
              await refresh();
            }}
          />
        )}
      </SpaceBetween>
      {gone !== null && (
        <ActionDialog
          title="Delete the comment"
          text="It disappears for everybody."
          items={[gone]}
          nameOf={(comment) => textFromRich(comment.commentBody).slice(0, 80)}
          submitText="Delete"
          work={(comment) => deleteComment(assetId, keyOf(comment))}
          onDone={() => void refresh()}
          onClose={() => setGone(null)}
        />
      )}
    </Container>
  );
}
