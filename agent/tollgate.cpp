// SPDX-License-Identifier: MIT
#include <iostream>
#include <string>
#include <vector>

#include "agent/cli/application.hpp"

int main(int argc, char** argv) {
    const std::vector<std::string> arguments{argv + 1, argv + argc};
    return static_cast<int>(tollgate::cli::run(arguments, std::cout, std::cerr));
}
