bitsd_test(job_test LABEL unit TIMEOUT 120
  SRCS job_lifecycle_test.cc job_order_test.cc job_token_test.cc
  DEPS bitsd_job bitsd_store)
