// synap-admin: see command_line.h.

#include <cstdlib>
#include <iostream>

#include "server/admin/command_line.h"

int main(int argc, char** argv) {
    return synap::server::admin::run_command_line(argc, argv, std::getenv("SYNAP_URL"), std::cin,
                                                  std::cout, std::cerr);
}
