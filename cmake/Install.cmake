# What `cmake --install` puts where. Components, for packages that split it: server, cli, client (what
# a linked program needs at run time), development, documentation.
#
# Nothing installed has capabilities or a set-id bit: systemd, or a start as root, gives bitsd the two
# capabilities of its file broker. Paths in the unit and the configuration are those of
# CMAKE_INSTALL_PREFIX at configuration: give it there, not to `cmake --install`.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/bitsd)
set(proto_dir ${CMAKE_INSTALL_DATADIR}/bitsd/proto)
set(generated ${PROJECT_BINARY_DIR}/install)
set(system_dir lib)  # systemd looks in PREFIX/lib, never in a folder of an architecture.

# ---- server ----
install(TARGETS bitsd RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR} COMPONENT server)
foreach(name systemd/bitsd.service systemd/bitsd.tmpfiles.conf etc/bitsd.yaml)
  configure_file(deploy/${name}.in ${generated}/${name} @ONLY)
endforeach()
install(FILES ${generated}/systemd/bitsd.service DESTINATION ${system_dir}/systemd/system COMPONENT server)
install(FILES ${generated}/systemd/bitsd.tmpfiles.conf
        DESTINATION ${system_dir}/tmpfiles.d RENAME bitsd.conf COMPONENT server)
install(FILES deploy/systemd/bitsd.sysusers.conf
        DESTINATION ${system_dir}/sysusers.d RENAME bitsd.conf COMPONENT server)
# A configuration that is there already is the administrator's.
install(CODE "
  set(samples ${generated}/etc/bitsd.yaml ${PROJECT_SOURCE_DIR}/deploy/etc/accounts.yaml)
  set(configured_prefix ${CMAKE_INSTALL_PREFIX})
  set(full_sysconfdir ${CMAKE_INSTALL_FULL_SYSCONFDIR})
  set(sysconfdir ${CMAKE_INSTALL_SYSCONFDIR})" COMPONENT server)
install(SCRIPT cmake/InstallSamples.cmake COMPONENT server)

# ---- command line ----
install(TARGETS bitsctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT cli)
# bitsctl writes its own man page and completions.
if(TARGET bitsctl_docs)
  set(docs ${PROJECT_BINARY_DIR}/docs)
  install(CODE "set(pages ${docs}/man)\nset(mandir ${CMAKE_INSTALL_MANDIR})" COMPONENT cli)
  install(SCRIPT cmake/InstallManPages.cmake COMPONENT cli)
  install(FILES ${docs}/completions/bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
          RENAME bitsctl COMPONENT cli)
  install(FILES ${docs}/completions/zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions
          RENAME _bitsctl COMPONENT cli)
  install(FILES ${docs}/completions/fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
          RENAME bitsctl.fish COMPONENT cli)
endif()

# ---- client library ----
install(TARGETS bits_client_shared EXPORT bitsd-targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT client NAMELINK_COMPONENT development)

# ---- development ----
install(DIRECTORY client/include/bitsd DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
# The messages that the public headers show, and not the stubs.
install(DIRECTORY ${PROJECT_BINARY_DIR}/proto/bits DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT development FILES_MATCHING PATTERN "*.pb.h" PATTERN "*.grpc.pb.h" EXCLUDE)
install(DIRECTORY proto/bits DESTINATION ${proto_dir} COMPONENT development FILES_MATCHING PATTERN "*.proto")
install(EXPORT bitsd-targets NAMESPACE bits:: DESTINATION ${package_dir} COMPONENT development)
set(BITSD_PROTO_DIR ${proto_dir})
configure_package_config_file(cmake/package/bitsd-config.cmake.in ${generated}/bitsd-config.cmake
                              INSTALL_DESTINATION ${package_dir} PATH_VARS BITSD_PROTO_DIR)
write_basic_package_version_file(${generated}/bitsd-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${generated}/bitsd-config.cmake ${generated}/bitsd-config-version.cmake
        DESTINATION ${package_dir} COMPONENT development)
# Relative to the .pc file itself: the installed tree may be moved.
file(RELATIVE_PATH BITSD_PC_TO_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" BITSD_PC_TO_PREFIX ${BITSD_PC_TO_PREFIX})
configure_file(cmake/package/bits_client.pc.in ${generated}/bits_client.pc @ONLY)
install(FILES ${generated}/bits_client.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
install(DIRECTORY client/examples DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT development)

# ---- documentation ----
install(FILES LICENSE README.md CHANGELOG.md SECURITY.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT documentation)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT documentation FILES_MATCHING PATTERN "*.md")
