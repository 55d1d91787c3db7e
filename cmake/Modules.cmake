# tollgate_add_module(NAME LIBRARIES...)
#
# The static library tollgate::NAME of all .cpp files directly in the current folder. Libraries are
# private: a header of ours never shows a third party's.
function(tollgate_add_module NAME)
    file(GLOB sources CONFIGURE_DEPENDS *.cpp)
    add_library(tollgate_${NAME} STATIC ${sources})
    add_library(tollgate::${NAME} ALIAS tollgate_${NAME})
    target_link_libraries(tollgate_${NAME} PUBLIC tollgate_options PRIVATE ${ARGN})
    tollgate_precompile_headers(tollgate_${NAME} ${ARGN})
endfunction()

set(TOLLGATE_TEST_OPTIONS "" CACHE STRING "Options of the compiler for the code of tests, after those of all code")
option(TOLLGATE_PRECOMPILE "Parse the large headers once for each module and program of tests" OFF)

# tollgate_precompile_headers(TARGET LIBRARIES...)
#
# Those of the standard library, and of the libraries whose headers are large. It pays with clang only:
# gcc reads what it precompiled about as slowly as the text.
function(tollgate_precompile_headers TARGET)
    if(NOT TOLLGATE_PRECOMPILE)
        return()
    endif()
    set(headers <algorithm> <array> <functional> <map> <memory> <optional> <set> <span> <string> <variant> <vector>)
    foreach(pair fmt::fmt=fmt/format.h nlohmann_json::nlohmann_json=nlohmann/json.hpp
            PkgConfig::httplib=httplib.h CLI11::CLI11=CLI/CLI.hpp GTest::gmock_main=gmock/gmock.h)
        string(REGEX MATCH "^(.*)=(.*)$" pair ${pair})
        if(CMAKE_MATCH_1 IN_LIST ARGN)
            list(APPEND headers <${CMAKE_MATCH_2}>)
        endif()
    endforeach()
    target_precompile_headers(${TARGET} PRIVATE ${headers})
endfunction()

# tollgate_add_tests(LABEL NAME FOLDER LIBRARIES...)
#
# One executable of all FOLDER/*_test.cpp; each GoogleTest test becomes a ctest with this label. The
# target tests_LABEL builds all executables of a label.
function(tollgate_add_tests LABEL NAME FOLDER)
    file(GLOB sources CONFIGURE_DEPENDS ${FOLDER}/*_test.cpp)
    if(NOT sources)
        return()
    endif()
    add_executable(${NAME} ${sources})
    target_link_libraries(${NAME} PRIVATE tollgate_options ${ARGN} GTest::gmock_main)
    target_compile_options(${NAME} PRIVATE ${TOLLGATE_TEST_OPTIONS})
    tollgate_precompile_headers(${NAME} ${ARGN} GTest::gmock_main)
    gtest_discover_tests(${NAME}
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
        DISCOVERY_TIMEOUT 60
        PROPERTIES LABELS ${LABEL})
    tollgate_label_target(${LABEL} ${NAME})
endfunction()

function(tollgate_label_target LABEL NAME)
    if(NOT TARGET tests_${LABEL})
        add_custom_target(tests_${LABEL})
    endif()
    add_dependencies(tests_${LABEL} ${NAME})
endfunction()
