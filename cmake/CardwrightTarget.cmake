# cw_library(<name> LINKS <targets...>): one target per folder of runtime/.
#
# The public headers of a folder are reachable only through a folder of links in the build tree that holds this folder
# and nothing else. So a target can include "card/apdu.h" exactly when it links cw_card, and the include directions of
# docs/ARCHITECTURE.md are enforced by the link lines below. Headers named *_private.h are not linked there: they stay
# inside their folder.
function(cw_library name)
  cmake_parse_arguments(ARG "" "" "LINKS;PRIVATE_LINKS" ${ARGN})
  set(dir ${CMAKE_CURRENT_SOURCE_DIR})
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cc)
  file(GLOB headers CONFIGURE_DEPENDS ${dir}/*.h)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")

  set(public ${CMAKE_BINARY_DIR}/include/${name})
  file(REMOVE_RECURSE ${public})
  file(MAKE_DIRECTORY ${public}/${name})
  foreach(header IN LISTS headers)
    if(NOT header MATCHES "_private\\.h$")
      get_filename_component(base ${header} NAME)
      file(CREATE_LINK ${header} ${public}/${name}/${base} SYMBOLIC)
    endif()
  endforeach()

  if(sources)
    add_library(cw_${name} STATIC ${sources})
    target_include_directories(cw_${name} PUBLIC ${public})
    target_link_libraries(cw_${name} PUBLIC ${ARG_LINKS} PRIVATE cw_options ${ARG_PRIVATE_LINKS})
  else()
    add_library(cw_${name} INTERFACE)
    target_include_directories(cw_${name} INTERFACE ${public})
    target_link_libraries(cw_${name} INTERFACE ${ARG_LINKS})
  endif()
endfunction()

# cw_precompile(<target> <header...>): a precompiled header, in builds that have CW_PRECOMPILE. Others show which file
# misses an include that it needs.
function(cw_precompile target)
  if(CW_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE ${ARGN} <filesystem> <functional> <map> <memory> <optional> <string> <vector>)
  endif()
endfunction()

# cw_test(<folder> LINKS <targets...>): one test program per folder of tests/unit, all its *_test.cc files.
function(cw_test name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${name}_test ${sources})
  target_link_libraries(${name}_test PRIVATE cw_options ${ARG_LINKS} GTest::gtest GTest::gtest_main)
  # The compiler's time is worth more than the tests' own; what they test is optimized.
  target_compile_options(${name}_test PRIVATE $<$<CONFIG:Release>:-O0>)
  cw_precompile(${name}_test <gtest/gtest.h>)
  target_compile_definitions(${name}_test PRIVATE CW_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 120)
endfunction()
