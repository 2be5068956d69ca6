# gw_module(NAME SOURCES ... [DEPS ...] [PRIVATE_DEPS ...])
#   One static library, gw_<NAME>, for userspace/<NAME>. DEPS are modules or libraries that its headers show;
#   PRIVATE_DEPS are third-party libraries that only its .cpp files see.
function(gw_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS;PRIVATE_DEPS")
  add_library(gw_${name} STATIC ${arg_SOURCES})
  target_include_directories(gw_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(gw_${name} PUBLIC ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS} gw_warnings)
endfunction()

# gw_test(NAME LABEL label SOURCES ... DEPS ... [PROPERTIES ...])
#   A GoogleTest binary. ctest knows it as NAME ("unit.api"); it skips by exit code 77 or GTEST_SKIP.
function(gw_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL" "SOURCES;DEPS;PROPERTIES")
  string(REPLACE "." "_" target "${name}")
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE ${arg_DEPS} GTest::gmock GTest::gtest_main gw_warnings)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  # Most of what a test costs is its own compilation.
  target_compile_options(${target} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>)
  add_test(NAME ${name} COMMAND ${target} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABEL}" SKIP_RETURN_CODE 77 TIMEOUT 300 ${arg_PROPERTIES})
endfunction()
