# GW_SANITIZE: a list for -fsanitize, "address;undefined" or "thread".
set(GW_SANITIZE "" CACHE STRING "Sanitizers to build with, a semicolon-separated list")
if(GW_SANITIZE)
  list(JOIN GW_SANITIZE "," _sanitizers)
  add_compile_options(-fsanitize=${_sanitizers} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${_sanitizers})
endif()
