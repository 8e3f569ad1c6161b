#include "tests/testing/process_memory.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace bitsd::tests {
namespace {

constexpr size_t kAround = 48;

// The mapping `line` of a file of maps, the address, and the bytes around it in hexadecimal.
std::string Place(const std::string& line, unsigned long address, std::string_view around) {
  std::string text = line + " at ";
  char number[20];
  std::snprintf(number, sizeof(number), "%lx:", address);
  text += number;
  for (const unsigned char byte : around) {
    std::snprintf(number, sizeof(number), " %02x", byte);
    text += number;
  }
  return text;
}

}  // namespace

std::vector<std::string> FindInMemory(pid_t pid, const std::string& bytes) {
  const std::string proc = "/proc/" + std::to_string(pid);
  std::ifstream maps(proc + "/maps");
  std::ifstream memory(proc + "/mem", std::ios::binary);
  std::vector<std::string> places;
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0;
    unsigned long end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx r", &begin, &end) != 2) continue;
    std::string part(end - begin, '\0');
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(begin));
    memory.read(part.data(), static_cast<std::streamsize>(part.size()));
    part.resize(static_cast<size_t>(memory.gcount()));
    for (size_t at = part.find(bytes); at != part.npos; at = part.find(bytes, at + 1)) {
      const size_t first = at - std::min(at, kAround);
      const std::string_view all = part;
      places.push_back(
          Place(line, begin + at, all.substr(first, at + bytes.size() + kAround - first)));
    }
  }
  return places;
}

int CountInMemory(pid_t pid, const std::string& bytes) {
  return static_cast<int>(FindInMemory(pid, bytes).size());
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
