bitsd_test(disk_pool_test LABEL unit TIMEOUT 60 SRCS disk_pool_test.cc DEPS bitsd_transfer_core)
bitsd_test(transfer_response_test LABEL unit TIMEOUT 60 SRCS transfer_response_test.cc DEPS bitsd_transfer_core)
bitsd_test(file_sync_test LABEL unit TIMEOUT 60 SRCS file_sync_test.cc DEPS bitsd_transfer_core)
bitsd_test(tls_misfit_test LABEL unit TIMEOUT 60 SRCS tls_misfit_test.cc DEPS bitsd_transfer_core)
