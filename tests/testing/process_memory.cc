#include "tests/testing/process_memory.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace bitsd::tests {

int CountInMemory(pid_t pid, const std::string& bytes) {
  const std::string proc = "/proc/" + std::to_string(pid);
  std::ifstream maps(proc + "/maps");
  std::ifstream memory(proc + "/mem", std::ios::binary);
  int count = 0;
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0;
    unsigned long end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx r", &begin, &end) != 2) continue;
    std::string part(end - begin, '\0');
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(begin));
    memory.read(part.data(), static_cast<std::streamsize>(part.size()));
    part.resize(static_cast<size_t>(memory.gcount()));
    for (size_t at = part.find(bytes); at != part.npos; at = part.find(bytes, at + 1)) ++count;
  }
  return count;
}

std::set<pid_t> ProcessesOf(pid_t group) {
  std::set<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    const bool number =
        std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    const pid_t pid = number ? std::atoi(name.c_str()) : 0;
    if (pid > 0 && ::getpgid(pid) == group) found.insert(pid);
  }
  return found;
}

}  // namespace bitsd::tests
