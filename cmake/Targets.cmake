# bitsd_library(NAME SRCS... DEPS...), bitsd_executable(...), bitsd_test(...): how targets are made.

add_library(bitsd_options INTERFACE)
target_compile_features(bitsd_options INTERFACE cxx_std_20)
target_include_directories(bitsd_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(bitsd_options INTERFACE -Wall -Wextra -Wpedantic -Werror -pthread)
# What reads past an end, or an empty optional, ends the process: in tests, and in what is shipped.
target_compile_definitions(bitsd_options INTERFACE BITSD_VERSION="${PROJECT_VERSION}" _GLIBCXX_ASSERTIONS)
if(BITSD_SANITIZE)
  target_compile_options(bitsd_options INTERFACE -fsanitize=${BITSD_SANITIZE} -fno-omit-frame-pointer
                                                 -fno-sanitize-recover=all -g1)
  target_link_options(bitsd_options INTERFACE -fsanitize=${BITSD_SANITIZE})
endif()

function(bitsd_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SRCS})
  target_link_libraries(${name} PUBLIC bitsd_options ${ARG_DEPS})
  bitsd_share_parsing(${name})
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    target_precompile_headers(${name} REUSE_FROM bitsd_headers)
  endif()
endfunction()

function(bitsd_executable name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE bitsd_options ${ARG_DEPS})
endfunction()

# A GoogleTest program. TIMEOUT is in seconds; those of a higher COST begin first. LABELS say what it needs
# of the machine: nothing (pure), other processes (process) or loopback (network); and root, if some of its
# tests are skipped for everybody else. What is pure is a unit test, the rest are integration tests.
# ${bitsd_test_headers} is its shared header, bitsd_plain_test_headers if it is not set.
function(bitsd_test name)
  cmake_parse_arguments(ARG "" "COST;TIMEOUT" "DEPS;LABELS;SRCS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS OR NOT ARG_LABELS)
    message(FATAL_ERROR "bitsd_test(${name} LABELS ... TIMEOUT ... SRCS ... DEPS ...)")
  endif()
  bitsd_executable(${name} SRCS ${ARG_SRCS} DEPS ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${bitsd_test_options})
  if(NOT bitsd_test_headers)
    set(bitsd_test_headers bitsd_plain_test_headers)
  endif()
  target_precompile_headers(${name} REUSE_FROM ${bitsd_test_headers})
  if(BITSD_SANITIZE)  # Slower by as much.
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 6")
  endif()
  if("pure" IN_LIST ARG_LABELS)
    list(APPEND ARG_LABELS unit)
  else()
    list(APPEND ARG_LABELS integration)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
  if(ARG_COST)
    set_tests_properties(${name} PROPERTIES COST ${ARG_COST})
  endif()
endfunction()
