bitsd_test(policy_test LABEL unit TIMEOUT 300
  SRCS policy_addresses_test.cc policy_challenge_rules_test.cc policy_http_status_test.cc policy_invariant_test.cc
       policy_job_access_test.cc policy_method_table_test.cc policy_names_test.cc policy_network_settings_test.cc
       policy_openers_test.cc policy_proxy_rules_test.cc policy_session_rules_test.cc policy_token_rules_test.cc
       policy_token_scope_test.cc
       policy_url_fuzz_test.cc policy_urls_test.cc
  DEPS bitsd_policy)
