#include <unistd.h>

#include <exception>
#include <iostream>

#include "client/cli/app.h"

int main(int argc, char** argv) {
  try {
    return bits::cli::Run(argc, argv, {std::cin, std::cout, std::cerr, isatty(STDOUT_FILENO) == 1});
  } catch (const std::exception& error) {  // Out of memory, or a bug.
    std::cerr << "bitsctl: " << error.what() << "\n";
    return 1;
  }
}
