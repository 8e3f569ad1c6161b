/* How a job ends: Complete and Cancel, repeated until they succeed, with a helper that takes its
 * token back, a store that fails and a kill -9 at any moment. README.md says what is checked. */
#include "job.pml"

bit temporary = 1;   /* the temporary file exists */
bit placed = 0;      /* it is under its final name */
byte promised = 0;   /* ghost: the last of Cancel and Complete that was answered with OK */

/* Submits a change and takes the answer; `got` stays NONE when the server is killed meanwhile. */
inline call(o, a) {
  got = NONE;
  if
  :: atomic { boots == boot && queued < ROOM && result[OWNER] == NONE && reply[OWNER] == NONE &&
              !(AFTER_COMPLETION(o) && COMPLETING) ->
              submit(OWNER, o, a) };
     if
     :: atomic { boots == boot && reply[OWNER] != NONE -> got = reply[OWNER]; reply[OWNER] = NONE }
     :: boots != boot
     fi
  :: boots != boot
  fi
}

/* CleanUp in job_ending.cc: what is left of the temporary files goes. */
inline clean_up() {
  atomic {
    if
    :: boots == boot ->
       assert(FINAL(durable.state));  /* only after the commit */
       temporary = 0
    :: else
    fi
  }
}

/* EndingCalls::Cancel. */
inline cancel() {
  call(CANCEL, 0);
  answer_of_call = got;
  do
  :: got == STORE_ERROR ->  /* the withdrawal stands; its commit is awaited */
     call(NOTHING, 0)
  :: got == REFUSED || got == NONE -> break
  :: got == OK -> clean_up(); break
  od
}

/* EndingCalls::Complete: the intent, the files, the end. */
inline complete() {
  call(COMPLETE, 0);
  answer_of_call = got;
  if
  :: got == OK ->
     done = 1;
     if
     :: atomic { boots == boot && base.whole -> completion = 1; look() };
        if
        :: atomic { boots == boot && published != NONE -> done = (published == OK); published = NONE }
        :: boots != boot
        fi
     :: boots == boot && !base.whole
     :: boots != boot
     fi;
     do
     :: boots == boot ->
        call(END, done);
        if
        :: got == OK && done && base.state == CANCELLED -> answer_of_call = REFUSED; break
        :: got == OK && done && base.state != CANCELLED -> clean_up(); answer_of_call = OK; break
        :: got == OK && !done -> answer_of_call = REFUSED; break
        :: got == STORE_ERROR -> answer_of_call = STORE_ERROR  /* and once more: kEndRetry */
        :: got == NONE || got == REFUSED -> break
        fi
     :: boots != boot -> break
     od
  :: else
  fi;
  done = 0
}

/* Suspends or adds a file, and then wants the job to end: repeats that until it has. */
proctype Owner() {
  byte boot = 0, got = NONE, answer_of_call = NONE, tries = 0;
  bit done = 0, cancels = 0;
  if
  :: call(SUSPEND, 0)
  :: call(ADD_FILE, 0)
  :: skip
  fi;
  if :: cancels = 1 :: skip fi;
  do
  :: tries < 4 && !FINAL(base.state) ->
     tries++;
     boot = boots;
     answer_of_call = NONE;
     if
     :: cancels -> cancel()
     :: !cancels -> complete()
     fi;
     atomic {
       if
       :: answer_of_call == OK && got == OK && boots == boot ->
          promised = (cancels -> CANCELLED : ACKNOWLEDGED);
          assert(durable.state == promised)
       :: else
       fi
     }
  :: else -> break
  od
}

/* The helper takes its token back, at any moment. */
proctype Helper() {
  if
  :: atomic { boots == 0 && queued < ROOM && result[HELPER] == NONE -> submit(HELPER, DROP, 0) }
  :: skip
  fi
}

/* Somebody else cancels the job, at any moment: in the middle of Complete, too. */
proctype Canceller() {
  bit late = 0;
  if
  :: atomic { boots == 0 && queued < ROOM && result[ENDER] == NONE -> submit(ENDER, CANCEL, 0) };
     if
     :: atomic { boots == 0 && reply[ENDER] != NONE ->
          if
          :: reply[ENDER] == OK ->
             /* Nothing is put in place any more, and what is stays there. */
             assert(durable.state == CANCELLED && !(work != IDLE && publishing));
             temporary = 0
          :: reply[ENDER] == STORE_ERROR -> late = 1  /* FinishCancel */
          :: else
          fi };
        if
        :: late ->
           if
           :: d_step { boots == 0 && FINAL(durable.state) && SAME_RECORD(base, durable) && queued == 0 ->
                       temporary = 0 }
           :: boots != 0
           fi
        :: !late
        fi
     :: boots != 0
     fi
  :: skip
  fi
}

/* The publication of a file: its intent is in the store. */
proctype Publisher() {
end:
  do
  :: d_step { work == RUNNING && publishing && !work_ended ->
              assert(durable.completing && base.whole);
              placed = 1; temporary = 0;
              published = OK; completion = 0; work_ended = 1; evaluate(); check() }
  od
}

/* A kill before the answer: the commit may have been written or not. */
proctype Killer() {
  if
  :: atomic {
       commit_running && committing > 0 ->
       d_step { copy(durable, queue[committing - 1].to); durable.token = 0; durable.judged = 0 };
       restart()
     }
  :: restart()
  :: skip
  fi;
  assert(promised == 0 || durable.state == promised);
  /* Restore: a job that had ended is rid of its temporary files. */
  d_step { if :: boots > 0 && FINAL(durable.state) -> temporary = 0 :: else fi }
}

active proctype Quiet() {
  timeout;
  assert(queued == 0 && !commit_running && SAME_RECORD(base, durable));
  assert(!base.completing);
  assert(work == IDLE && base.state != QUEUED);
  assert(!FINAL(base.state) || !temporary);
  assert(!placed || base.whole)
}

init {
  atomic {
    if
    :: base.state = QUEUED
    :: base.state = TRANSFERRED; base.whole = 1
    fi;
    /* With a helper's token, or as the owner alone. */
    if
    :: base.flag = 1; durable.flag = 1; token_identity[1] = 1; base.token = 1; base.judged = 1;
       run Helper()
    :: skip
    fi;
    durable.state = base.state;
    durable.whole = base.whole;
    run Store(STORE_FAILURES);
    run StoreRetry();
    run Transfer();
    run Publisher();
    if :: base.token == 0 -> run Canceller() :: skip fi;
    run Owner();
    run Killer()
  }
}
