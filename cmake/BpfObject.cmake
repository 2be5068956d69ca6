# gw_bpf_object(NAME SOURCE)
#   Compiles SOURCE for the BPF target and makes a libbpf skeleton of it. The INTERFACE target <NAME>_skel carries the
#   include directory of <NAME>.skel.h.
#
#   -g:                BTF, which libbpf needs for map types and CO-RE
#   -mcpu=v3:          32-bit ALU and jumps; Linux 5.10 has them
#   -idirafter:        <asm/types.h> lives in the multiarch directory, behind clang's own headers
#   -MD -MF:           the object follows every header it includes
#   llvm-strip -g:     DWARF is of no use after BTF was made, and makes the object ten times as large
find_program(GW_BPF_CLANG NAMES clang-19 clang REQUIRED)
find_program(GW_LLVM_STRIP NAMES llvm-strip-19 llvm-strip REQUIRED)
find_program(GW_BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED)

function(gw_bpf_object name source)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.bpf.o)
  set(skeleton ${CMAKE_CURRENT_BINARY_DIR}/include/${name}.skel.h)
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/include)
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${GW_BPF_CLANG} -target bpf -mcpu=v3 -O2 -g -std=gnu11 -Wall -Wextra -Werror
            -Wno-unused-parameter -Wno-address-of-packed-member
            -I${PROJECT_SOURCE_DIR} -idirafter /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}
            -MD -MF ${object}.d -MT ${object} -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
    COMMAND ${GW_LLVM_STRIP} -g ${object}
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${source}
    DEPFILE ${object}.d
    COMMENT "BPF ${source}"
    VERBATIM)
  add_custom_command(
    OUTPUT ${skeleton}
    COMMAND ${GW_BPFTOOL} gen skeleton ${object} name ${name} > ${skeleton}
    DEPENDS ${object}
    COMMENT "Skeleton ${name}"
    VERBATIM)
  add_custom_target(${name}_skel_header DEPENDS ${skeleton})
  add_library(${name}_skel INTERFACE)
  target_include_directories(${name}_skel SYSTEM INTERFACE ${CMAKE_CURRENT_BINARY_DIR}/include)
  add_dependencies(${name}_skel ${name}_skel_header)
  target_link_libraries(${name}_skel INTERFACE PkgConfig::LIBBPF)
endfunction()
