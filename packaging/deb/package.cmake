# The Debian package: `cpack --config build/release/CPackConfig.cmake`, or tools/deb.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tollgate)
set(CPACK_PACKAGE_CONTACT "The Tollgate authors <authors@tollgate.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "systemd, wireguard-tools")
if(CMAKE_CROSSCOMPILING) # tools/cross lets dpkg-shlibdeps find the packages of these
    set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE ${TOLLGATE_DEBIAN_ARCHITECTURE})
    set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS
        ${CMAKE_SYSROOT}/lib/${TOLLGATE_TRIPLET} ${CMAKE_SYSROOT}/usr/lib/${TOLLGATE_TRIPLET})
endif()
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "host firewall in XDP that learns what a device says")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Tollgate watches what a machine says on the network, proposes a short policy
with evidence, and after approval drops everything else: in the network driver
on the way in (XDP), at traffic control on the way out. Changes revert unless
they are confirmed, and the gate stays shut when the daemon dies.
.
Hosts that may talk get tunnels that any WireGuard peer can join, behind a gate
in the kernel that answers strangers with nothing.
.
Installing it protects nothing by itself: that takes a configuration.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
foreach(script postinst prerm postrm)
    list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_SOURCE_DIR}/deb/${script})
endforeach()

string(TIMESTAMP date "%a, %d %b %Y 00:00:00 +0000" UTC) # of SOURCE_DATE_EPOCH, if that is set
configure_file(deb/changelog.in ${CMAKE_CURRENT_BINARY_DIR}/changelog @ONLY)
add_custom_command(OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/changelog.gz
    COMMAND gzip -9 -n -k -f ${CMAKE_CURRENT_BINARY_DIR}/changelog
    DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/changelog)
add_custom_target(debian_changelog DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/changelog.gz)
add_dependencies(tollgate debian_changelog)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/changelog.gz deb/copyright DESTINATION share/doc/tollgate)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION share/doc/tollgate
    FILES_MATCHING PATTERN "*.md" PATTERN "*.png" PATTERN json EXCLUDE)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples DESTINATION share/doc/tollgate)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/helm/tollgate/files/ DESTINATION share/tollgate/monitoring)
# What goes into the package is built before: tests and benches, which may be on, are not.
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR};Tollgate;ALL;/")
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
include(CPack)
