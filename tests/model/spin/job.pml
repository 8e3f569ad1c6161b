/* One job, as server/job has it: its queue of changes and the work that goes on for it.
 *
 * Each d_step is what the code does under the job's mutex. Scenarios (loan.pml, ending.pml) include
 * this file and say who calls what. README.md maps the names to the source. A BREAK_... of the
 * command line (tests/model/spin/check) breaks one rule, and the checker must notice. */

#define SUSPENDED    0
#define QUEUED       1
#define ERROR        2
#define TRANSFERRED  3
#define ACKNOWLEDGED 4
#define CANCELLED    5
#define FINAL(s) ((s) == ACKNOWLEDGED || (s) == CANCELLED)
#define STOPS(s) ((s) == SUSPENDED || (s) == ERROR || (s) == CANCELLED)

/* Changes. What they turn a version into: decide(), from job_changes.cc and token_calls.cc. */
#define SUSPEND    1
#define RESUME     2
#define CANCEL     3
#define ADD_FILE   4
#define SET_FLAG   5  /* arg: LOCAL_FILE or 0 */
#define SET_TOKEN  6  /* arg: the token */
#define DROP       7  /* ClearHelperToken */
#define DISCARD    8  /* arg: the token; or ANY: the owner is gone */
#define COMPLETE   9  /* the intent */
#define END       10  /* arg: 1 when the files are in place */
#define DONE      11  /* news: everything is transferred */
#define FAIL      12  /* news: the job needs a token and has none */
#define NOTHING   13  /* changes nothing: waits for what the store does not have yet */
#define ANY 9

/* Who waits for an answer. */
#define OWNER   0
#define HELPER  1
#define ENDER   2  /* the end of a session or of the owner's account */
#define NEWS    3
#define CALLERS 4

#define NONE        0
#define OK          1
#define REFUSED     2
#define STORE_ERROR 3

#define NOBODY 3  /* an identity: 0 is the owner, 1 and 2 are helpers */

typedef Version {
  byte state;
  bit flag;        /* BG_TOKEN_LOCAL_FILE */
  byte token;      /* 0: none */
  byte judged;     /* ghost: the token that flag and token were judged with */
  bit completing;
  bit file;        /* the file of ADD_FILE */
  bit whole;       /* what it had before is transferred */
}
typedef Change {
  byte op;
  byte arg;
  byte who;
  bit refused;
  bit writes;      /* the record is another: there is something to commit */
  Version to;
}

#define ROOM 4
Version durable;
Version base;
Change queue[ROOM];
byte queued = 0;
byte committing = 0;
bit commit_running = 0;
bit resting = 0;

/* The work: at most one transfer or completion at a time. */
#define IDLE     0
#define RUNNING  1
#define STOPPING 2
byte work = IDLE;
bit work_ended = 0;
bit publishing = 0;      /* it is a completion */
byte work_identity = 0;
bit completion = 0;      /* RunCompletion waits for its work */
byte published = NONE;   /* its result, not yet taken */
bit fail_wanted = 0;     /* FailLater */

/* Answers. */
byte reply[CALLERS];
byte result[CALLERS];
bit waits_commit[CALLERS];
bit waits_stop[CALLERS];
bit watches[CALLERS];    /* ghost: may not be answered while the work of its time still runs */

/* The world around the job. */
bit elevated = 0;
bit handle_admin = 0;    /* acquired by an enabled administrator */
bit handle_alive = 1;
bit owner_gone = 0;
byte token_identity[3];
bit token_admin[3];
bit token_ended[3];
bit token_late[3];       /* ghost: it was decided on when the handle had ended */
bit token_failed[3];     /* ghost: SetHelperToken was answered with an error */
bit file_failed = 0;     /* ghost: AddFile was answered with the store's error */
byte boots = 0;

Version cur, next;       /* scratch */
byte i, identity;
bit refused, withdraws, dirty, still, right;

inline copy(a, b) {
  a.state = b.state; a.flag = b.flag; a.token = b.token; a.judged = b.judged;
  a.completing = b.completing; a.file = b.file; a.whole = b.whole
}
#define SAME_RECORD(a, b) \
  (a.state == b.state && a.flag == b.flag && a.completing == b.completing && a.file == b.file && \
   a.whole == b.whole)
#define SAME(a, b) (SAME_RECORD(a, b) && a.token == b.token)
#define ALIKE(a, b) (a != 0 && b != 0 && token_identity[a] == token_identity[b])

/* job_version.cc: what is in force of the change from `a` to `b` before it is in the store. */
inline withdraw(a, b) {
  if
  :: a.token != 0 && a.token != b.token && !ALIKE(a.token, b.token) -> a.token = 0; a.judged = 0
  :: else
  fi;
  a.flag = a.flag & b.flag;
  if
  :: STOPS(b.state) && a.state != b.state ->
     a.state = b.state
#ifdef BREAK_WITHDRAWN_TAKES_ALL
     ; a.completing = b.completing; a.file = b.file
#endif
  :: else
  fi
}

inline in_force() {
  copy(cur, base);
  i = 0;
  do
  :: i < queued -> withdraw(cur, queue[i].to); i++
  :: else -> break
  od
}

/* JobFacts and token_rules.cc: may the handle lend `t`, or have the flag met by `t`? */
#define ADMIN_TOKEN_DENIED(t) (token_admin[t] && !(handle_admin && elevated))

/* ChangeQueue::Add: what waits for the end of Complete is not decided before. */
#define AFTER_COMPLETION(op) \
  (op == SUSPEND || op == RESUME || op == COMPLETE || op == ADD_FILE)
#define COMPLETING (base.completing || (queued > 0 && queue[queued - 1].to.completing))

/* Turns `cur` into `next`, or refuses. */
inline decide(kind, with) {
  copy(next, cur);
  refused = 0;
  assert(!(cur.completing && AFTER_COMPLETION(kind)));
  if
  :: FINAL(cur.state) && kind != DISCARD && kind != DONE && kind != FAIL && kind != NOTHING && kind != END ->
     refused = 1
  :: else ->
     if
     :: kind == SUSPEND -> next.state = SUSPENDED
     :: kind == RESUME -> if :: cur.state != TRANSFERRED -> next.state = QUEUED :: else fi
     :: kind == CANCEL -> next.state = CANCELLED; next.token = 0; next.judged = 0
     :: kind == ADD_FILE -> next.file = 1
     :: kind == SET_FLAG ->
#ifdef BREAK_JUDGE_WHAT_IS_VISIBLE
        identity = base.token;
#else
        identity = cur.token;
#endif
        if
        :: identity != 0 && ADMIN_TOKEN_DENIED(identity) -> refused = 1
        :: else -> next.flag = with & 1; next.judged = identity
        fi
     :: kind == SET_TOKEN ->
        token_late[with] = !handle_alive;
        if
#ifndef BREAK_ADMIN_RULE
        :: ADMIN_TOKEN_DENIED(with) -> refused = 1
#endif
#ifndef BREAK_ENDED_TOKEN_IS_SET
        :: token_ended[with] -> refused = 1
#endif
#ifndef BREAK_HANDLE_NOT_LOOKED_AT_AGAIN
        :: !handle_alive -> refused = 1
#endif
        :: owner_gone -> refused = 1
        :: else -> next.token = with; next.judged = with
        fi
     :: (kind == DROP || (kind == DISCARD && (with == ANY || with == cur.token))) && cur.token != 0 ->
        next.token = 0;
        next.judged = 0;
        if
        :: cur.flag && cur.state != TRANSFERRED && !FINAL(cur.state) -> next.state = ERROR
        :: else
        fi
     :: kind == COMPLETE ->
        next.completing = 1;
        if :: cur.state == QUEUED -> next.state = SUSPENDED :: else fi
     :: kind == END ->
        next.completing = 0;
        if :: with == 1 && !FINAL(cur.state) -> next.state = ACKNOWLEDGED; next.token = 0; next.judged = 0 :: else fi
     :: kind == DONE && cur.state == QUEUED -> next.state = TRANSFERRED; next.whole = 1
     :: kind == FAIL && cur.state == QUEUED -> next.state = ERROR
     :: else
     fi
  fi;
  if :: refused -> copy(next, cur) :: else fi
}

/* Who opens the local file of version `cur`: LocalIdentity in acting.cc. */
inline who_opens() {
  if
  :: !cur.flag -> identity = 0
#ifdef BREAK_DEAD_TOKEN_OPENS
  :: cur.flag && cur.token != 0 -> identity = token_identity[cur.token]
#else
  :: cur.flag && cur.token != 0 && !token_ended[cur.token] -> identity = token_identity[cur.token]
#endif
  :: else ->
#ifdef BREAK_FALL_BACK_TO_OWNER
     identity = 0
#else
     identity = NOBODY
#endif
  fi
}

/* Evaluate in job_work.cc. */
inline evaluate() {
#ifdef BREAK_GRANT_BEFORE_COMMIT
  if :: queued > 0 -> copy(cur, queue[queued - 1].to) :: else -> copy(cur, base) fi;
#else
  in_force();
#endif
  who_opens();
  dirty = !SAME_RECORD(base, durable);
  if
  :: work == IDLE ->
     still = queued > 0 || dirty || resting;
#ifdef BREAK_GRANT_BEFORE_COMMIT
     still = 0;
#endif
     if
     :: !still && completion ->
        if
        :: identity == NOBODY || FINAL(cur.state) -> completion = 0; published = REFUSED
        :: else -> start(1)
        fi
     :: !still && !completion && cur.state == QUEUED && !cur.completing && !owner_gone ->
        if
        :: identity == NOBODY -> fail_wanted = 1
        :: else -> start(0)
        fi
     :: else
     fi
  :: work == RUNNING ->
     right = !work_ended && !dirty && SAME_RECORD(cur, base) &&
             !(base.flag && cur.token != base.token) && identity == work_identity && !owner_gone;
     if
     :: publishing -> right = right && cur.completing && !FINAL(cur.state)
     :: else -> right = right && cur.state == QUEUED && !cur.completing
     fi;
#ifdef BREAK_WITHDRAWAL_WAITS_FOR_COMMIT
     right = right || queued > 0;
#endif
     if :: !right -> work = STOPPING :: else fi
  :: else
  fi
}

inline start(completes) {
  work = RUNNING;
  publishing = completes;
  work_identity = identity;
  /* Only what is committed is used, and never a token that has ended; a flag is never ignored. */
  assert(identity == 0 || (durable.flag && base.token != 0 && token_identity[base.token] == identity));
  assert(identity == 0 || !token_ended[base.token]);
  assert(identity != 0 || !durable.flag);
  assert(completes -> durable.completing : durable.state == QUEUED)
}

inline answer(w) {
  if
  :: !waits_commit[w] && !waits_stop[w] && result[w] != NONE ->
     reply[w] = (w == NEWS -> NONE : result[w]);
     result[w] = NONE;
     /* Once a call that withdraws has returned, nothing goes on under what it withdrew. */
     assert(!(watches[w] && reply[w] != REFUSED && work != IDLE));
     watches[w] = 0
  :: else
  fi
}

/* After every step: what must hold of what is in force. */
inline check() {
  in_force();
  assert(cur.token == 0 || !token_admin[cur.token] || elevated);
  assert(base.token == 0 || !token_admin[base.token] || elevated);
  assert(!base.flag || base.token == 0 || base.judged == base.token);
  assert(base.token == 0 || (!token_failed[base.token] && !token_late[base.token]));
  assert(!base.file || !file_failed);
  cur.state = 0; cur.flag = 0; cur.token = 0; cur.judged = 0; cur.completing = 0; cur.file = 0; cur.whole = 0;
  next.state = 0; next.flag = 0; next.token = 0; next.judged = 0; next.completing = 0; next.file = 0; next.whole = 0;
  i = 0; identity = 0; refused = 0; withdraws = 0; dirty = 0; still = 0; right = 0
}

inline newest() {
  if :: queued > 0 -> copy(cur, queue[queued - 1].to) :: else -> copy(cur, base) fi
}

inline start_commit() {
  if
  :: !commit_running && (queued > 0 || (!SAME_RECORD(base, durable) && !resting)) ->
     committing = queued;
     commit_running = 1
  :: else
  fi
}

/* ChangeQueue::Submit. */
inline submit(w, o, a) {
  d_step {
    assert(queued < ROOM && result[w] == NONE);
    queue[queued].op = o;
    queue[queued].arg = a;
    queue[queued].who = w;
    newest();
    /* What the answer promises to have stopped. */
    watches[w] = work != IDLE && (o == SUSPEND || o == CANCEL || (work_identity != 0 &&
                 (o == DROP || (o == DISCARD && (a == ANY || a == base.token)) ||
                  (o == SET_FLAG && a == 0) ||
                  (o == SET_TOKEN && cur.token != 0 && !ALIKE(a, cur.token)))));
    decide(queue[queued].op, queue[queued].arg);
    reply[w] = NONE;
    queue[queued].refused = refused;
    queue[queued].writes = !SAME(cur, next);
    copy(queue[queued].to, next);
    withdraw(cur, next);
    /* `cur` was the version before: it is another when the change withdraws something. */
    withdraws = 0;
    if
    :: queued > 0 -> withdraws = !SAME(cur, queue[queued - 1].to)
    :: else -> withdraws = !SAME(cur, base)
    fi;
    result[w] = (refused -> REFUSED : OK);
    dirty = !SAME_RECORD(base, durable);
    if
    :: queued == 0 && !dirty && !queue[queued].writes ->
#ifndef BREAK_REPEAT_DOES_NOT_WAIT
       waits_stop[w] = (work == STOPPING && !refused);
#endif
       answer(w)
    :: else ->
       queued++;
       waits_commit[w] = 1;
       evaluate();
#ifndef BREAK_ANSWER_BEFORE_STOP
       waits_stop[w] = work == STOPPING && (withdraws || !queue[queued - 1].writes);
#endif
       start_commit()
    fi;
    check()
  }
}

/* The first change leaves the queue. */
inline shift() {
  queued--;
  i = 0;
  do
  :: i < queued ->
     queue[i].op = queue[i + 1].op;
     queue[i].arg = queue[i + 1].arg;
     queue[i].who = queue[i + 1].who;
     queue[i].refused = queue[i + 1].refused;
     queue[i].writes = queue[i + 1].writes;
     copy(queue[i].to, queue[i + 1].to);
     i++
  :: else -> break
  od;
  clear(queued)
}

inline clear(k) {
  queue[k].op = 0; queue[k].arg = 0; queue[k].who = 0; queue[k].refused = 0; queue[k].writes = 0;
  queue[k].to.state = 0; queue[k].to.flag = 0; queue[k].to.token = 0; queue[k].to.judged = 0;
  queue[k].to.completing = 0; queue[k].to.file = 0; queue[k].to.whole = 0
}

byte caller;
bit answered[CALLERS];

/* OnCommitted with OK. */
inline commit_succeeded() {
  d_step {
    commit_running = 0;
    resting = 0;
    if :: committing > 0 -> copy(base, queue[committing - 1].to) :: else fi;
    copy(durable, base);
    durable.token = 0;
    durable.judged = 0;
    do
    :: committing > 0 ->
       caller = queue[0].who;
       waits_commit[caller] = 0;
       answered[caller] = 1;
       committing--;
       shift()
    :: else -> break
    od;
    evaluate();
    caller = 0;
    do
    :: caller < CALLERS ->
       if
       :: answered[caller] ->
          answered[caller] = 0;
#ifndef BREAK_ANSWER_BEFORE_STOP
          if :: work == STOPPING -> waits_stop[caller] = 1 :: else fi;
#endif
          answer(caller)
       :: else
       fi;
       caller++
    :: else -> break
    od;
    caller = 0;
    start_commit();
    check()
  }
}

/* OnCommitted with an error: CommitFailed. */
inline commit_failed() {
  d_step {
    commit_running = 0;
    do
    :: committing > 0 ->
#ifndef BREAK_FAILED_WITHDRAWAL_IS_FORGOTTEN
       withdraw(base, queue[0].to);
#endif
#ifdef BREAK_FAILED_GRANT_STAYS
       copy(base, queue[0].to);
#endif
       caller = queue[0].who;
       if
       :: !queue[0].refused ->
          result[caller] = STORE_ERROR;
          if :: queue[0].op == SET_TOKEN -> token_failed[queue[0].arg] = 1 :: else fi;
          if :: queue[0].op == ADD_FILE && !base.file -> file_failed = 1 :: else fi
       :: else
       fi;
       waits_commit[caller] = 0;
       answer(caller);
       committing--;
       shift()
    :: else -> break
    od;
    caller = 0;
#ifndef BREAK_ENDED_TOKEN_COMES_BACK
    /* A token that ended behind a change that is undone now. */
    if
    :: base.token != 0 && token_ended[base.token] ->
       base.token = 0;
       base.judged = 0;
       if
       :: base.flag && base.state != TRANSFERRED && !FINAL(base.state) -> base.state = ERROR
       :: else
       fi
    :: else
    fi;
#endif
#ifndef BREAK_NOT_DECIDED_AGAIN
    copy(cur, base);
    do
    :: caller < queued ->
       decide(queue[caller].op, queue[caller].arg);
       queue[caller].refused = refused;
       result[queue[caller].who] = (refused -> REFUSED : OK);
       queue[caller].writes = !SAME(cur, next);
       copy(queue[caller].to, next);
       copy(cur, next);
       caller++
    :: else -> break
    od;
    caller = 0;
#endif
    resting = 1;
    evaluate();
    start_commit();
    check()
  }
}

/* The store: commits, or fails `failures` times. */
proctype Store(byte failures) {
  bit writes;
end:
  do
  :: commit_running ->
     d_step {
       writes = !SAME_RECORD(base, durable);
       caller = 0;
       do
       :: caller < committing -> writes = writes || queue[caller].writes; caller++
       :: else -> break
       od;
       caller = 0
     }
     if
     :: commit_running -> commit_succeeded()
     :: commit_running && failures > 0 && writes -> failures--; commit_failed()
     :: !commit_running  /* killed meanwhile */
     fi
  od
}

/* ScheduleStoreRetry. */
proctype StoreRetry() {
end:
  do
#ifndef BREAK_NO_RETRY
  :: d_step { resting -> resting = 0; start_commit(); evaluate(); check() }
#else
  :: false
#endif
  od
}

inline work_stopped() {
  work = IDLE;
  work_ended = 0;
  work_identity = 0;
  if :: completion && publishing -> completion = 0; published = REFUSED :: else fi;
  publishing = 0;
  caller = 0;
  do
  :: caller < CALLERS ->
     watches[caller] = 0;
     if :: waits_stop[caller] -> waits_stop[caller] = 0; answer(caller) :: else fi;
     caller++
  :: else -> break
  od;
  caller = 0;
  evaluate();
  check()
}

inline look() {
  d_step { evaluate(); check() }
}

/* The transfer layer and the news of it: opens, uses, ends, stops. */
proctype Transfer() {
end:
  do
  :: d_step { work == STOPPING -> work_stopped() }
  :: atomic { work == RUNNING && !publishing && !work_ended && result[NEWS] == NONE && queued < ROOM ->
              work_ended = 1;
              submit(NEWS, DONE, 0) }
  :: d_step { work_ended && work == RUNNING -> evaluate(); check() }
  :: atomic { fail_wanted && result[NEWS] == NONE && queued < ROOM -> fail_wanted = 0; submit(NEWS, FAIL, 0) }
  od
}

/* kill -9 and a start: what was not durable is gone, tokens and handles with it. The commit under
 * way may have been written or not. Restore, server/job/job_manager.cc. */
inline restart() {
  d_step {
    copy(base, durable);
    queued = 0; committing = 0; commit_running = 0; resting = 0;
    work = IDLE; work_ended = 0; publishing = 0; work_identity = 0;
    completion = 0; published = NONE; fail_wanted = 0;
    caller = 0;
    do
    :: caller < CALLERS ->
       reply[caller] = NONE; result[caller] = NONE; waits_commit[caller] = 0;
       waits_stop[caller] = 0; watches[caller] = 0;
       if :: caller < ROOM -> clear(caller) :: else fi;
       caller++
    :: else -> break
    od;
    caller = 0;
    handle_alive = 0;
    boots++;
#ifndef BREAK_COMPLETING_OUTLIVES_A_RESTART
    base.completing = 0;
    durable.completing = 0;
#endif
    evaluate();
    start_commit();
    check()
  }
}

