bitsd_test(door_test LABEL unit TIMEOUT 120 SRCS door_test.cc ../testing/wait.cc DEPS bitsd_door)
