/* A loan: an owner's calls, a helper's two tokens, the end of its session or of the owner's account,
 * a store that fails once. One job, elevated or not. README.md says what is checked. */
#include "job.pml"

bit session_open = 1;        /* of the helper; token 2 may hang on another that never ends */
bit attached[3];
bit in_session[3];

/* One call: Submit, then the answer. */
inline call(w, o, a) {
  atomic { queued < ROOM && result[w] == NONE && reply[w] == NONE -> submit(w, o, a) }
  d_step { reply[w] != NONE -> reply[w] = NONE }
}

proctype Owner() {
  byte calls = 0, op = 0, arg = 0;
  do
  :: calls < OWNER_CALLS && handle_alive ->
     calls++;
     if
     :: op = RESUME
     :: op = SUSPEND
     :: op = DROP
     :: op = SET_FLAG
     :: op = SET_FLAG; arg = 1
     fi;
     call(OWNER, op, arg);
     op = 0;
     arg = 0
  :: break
  od
}

/* TokenCalls::SetHelperToken: present the handle, hang the token on the session, submit. Lends
 * twice, or takes back what it lent. */
proctype Helper() {
  byte t = 1, op = SET_TOKEN;
  do
  :: t < 3 && handle_alive ->
     if
     :: t == 2 -> op = DROP
     :: skip
     fi;
     if
     :: op == DROP
     :: atomic { op == SET_TOKEN && (!in_session[t] || session_open) -> attached[t] = 1 }
     :: op == SET_TOKEN && in_session[t] && !session_open -> break
     fi;
     call(HELPER, op, t);
     t++
  :: break
  od
}

/* Session::Close: closed under its own lock first, then whatever hangs on it is discarded
 * (LoanEnds::Discard). Or the directory loses the owner: JobManager::OnAccountsChanged. */
proctype Ender(bit of_owner) {
  byte t = 1;
  if
  :: of_owner -> owner_gone = 1; t = ANY
  :: else -> session_open = 0
  fi;
  do
  :: t == 3 || t > ANY -> break
  :: t < 3 && !(attached[t] && in_session[t]) -> t++
  :: t == ANY || (t < 3 && attached[t] && in_session[t]) ->
     if :: t < 3 -> token_ended[t] = 1 :: else fi;
     call(ENDER, DISCARD, t);
     t++
  od
}

/* QueryInterface's handle ends with its acquirer's session. */
proctype HandleEnds() {
  handle_alive = 0
}

/* Everything that can happen has happened: nothing may be left waiting. */
active proctype Quiet() {
  timeout;
  assert(queued == 0 && !commit_running && SAME_RECORD(base, durable));
  assert(work == IDLE && (base.state != QUEUED || owner_gone));
  assert(result[OWNER] == NONE && result[HELPER] == NONE && result[ENDER] == NONE);
  /* What has ended lends nothing any more. */
  assert(base.token == 0 || !token_ended[base.token]);
  assert(base.token == 0 || !owner_gone);
  assert(base.token == 0 || !in_session[base.token] || session_open)
}

init {
  atomic {
    base.state = SUSPENDED;
    durable.state = SUSPENDED;
    token_identity[1] = 1;
    in_session[1] = 1;
#ifdef RIGHTS
    /* An elevated job has an administrator's handle only; another job may have either. */
    token_identity[2] = 2;
    if
    :: elevated = 1; handle_admin = 1
    :: handle_admin = 1
    :: skip
    fi;
    if :: token_admin[1] = 1 :: token_admin[2] = 1 fi;
#else
    base.flag = 1;
    durable.flag = 1;
    /* The second token: a refresh by the same identity, or another's; in the same session or not. */
    if :: token_identity[2] = 1 :: token_identity[2] = 2 fi;
    if :: in_session[2] = 1 :: skip fi;
#endif
    run Store(STORE_FAILURES);
    run StoreRetry();
    run Transfer();
    run Owner();
    run Helper();
#ifndef RIGHTS
    if
    :: run Ender(0)
    :: run Ender(1)
    :: run HandleEnds()
    fi
#endif
  }
}
