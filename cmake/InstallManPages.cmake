# Runs in `cmake --install`: each page of `pages`, such as bitsctl.1, goes to the folder of its section.
file(GLOB found "${pages}/*.[158]")
foreach(page IN LISTS found)
  string(REGEX MATCH "[158]$" section "${page}")
  file(INSTALL "${page}" DESTINATION "${CMAKE_INSTALL_PREFIX}/${mandir}/man${section}")
endforeach()
