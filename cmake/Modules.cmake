# tollgate_add_module(NAME LIBRARIES...)
#
# The static library tollgate::NAME of all .cpp files directly in the current folder. Libraries are
# private: a header of ours never shows a third party's.
function(tollgate_add_module NAME)
    file(GLOB sources CONFIGURE_DEPENDS *.cpp)
    add_library(tollgate_${NAME} STATIC ${sources})
    add_library(tollgate::${NAME} ALIAS tollgate_${NAME})
    target_link_libraries(tollgate_${NAME} PUBLIC tollgate_options PRIVATE ${ARGN})
endfunction()

option(TOLLGATE_PRECOMPILE_TESTS "Parse the large headers of tests once for each program" OFF)
set(TOLLGATE_TEST_OPTIONS "" CACHE STRING "Options of the compiler for the code of tests, after those of all code")

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
    if(TOLLGATE_PRECOMPILE_TESTS)
        target_precompile_headers(${NAME} PRIVATE <gmock/gmock.h> <gtest/gtest.h> <fmt/format.h>
            <nlohmann/json.hpp>)
    endif()
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
