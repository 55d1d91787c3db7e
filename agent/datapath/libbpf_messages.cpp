// SPDX-License-Identifier: MIT
#include "agent/datapath/libbpf_messages.hpp"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <string_view>

#include <bpf/libbpf.h>

#include <fmt/format.h>

namespace tollgate::agent {

namespace {

thread_local LibbpfMessages* listener = nullptr;

// The frame of a verifier log, not its reason.
bool is_noise(std::string_view line) {
    return line.empty() || line.find("-- BEGIN PROG LOAD LOG") != std::string_view::npos ||
           line.find("-- END PROG LOAD LOG") != std::string_view::npos ||
           line.substr(0, 9) == "processed";
}

std::string_view trimmed(std::string_view line) {
    constexpr std::string_view kBlank = " \t\r";
    const auto first = line.find_first_not_of(kBlank);
    return first == std::string_view::npos
               ? std::string_view{}
               : line.substr(first, line.find_last_not_of(kBlank) - first + 1);
}

}  // namespace

struct LibbpfPrinter {
    static int print(libbpf_print_level level, const char* format, va_list arguments) {
        if (listener == nullptr || level == LIBBPF_DEBUG) {
            return 0;
        }
        va_list again;
        va_copy(again, arguments);
        const int size = std::vsnprintf(nullptr, 0, format, again);
        va_end(again);
        if (size > 0) {
            std::string message(static_cast<std::size_t>(size) + 1, '\0');
            static_cast<void>(std::vsnprintf(message.data(), message.size(), format, arguments));
            message.pop_back();
            listener->text_ += message;
        }
        return 0;
    }
};

namespace {
// Before main: no libbpf call of ours may come earlier.
const auto kPreviousPrinter = libbpf_set_print(LibbpfPrinter::print);
}  // namespace

LibbpfMessages::LibbpfMessages() : outer_{listener} {
    listener = this;
}

LibbpfMessages::~LibbpfMessages() {
    listener = outer_;
}

std::string LibbpfMessages::last_lines(std::size_t count) const {
    std::string joined;
    std::string_view rest = text_;
    while (!rest.empty() && count > 0) {
        const auto newline = rest.rfind('\n');
        const bool last = newline == std::string_view::npos;
        const std::string_view line = trimmed(last ? rest : rest.substr(newline + 1));
        rest = last ? std::string_view{} : rest.substr(0, newline);
        if (is_noise(line)) {
            continue;
        }
        joined = joined.empty() ? std::string{line} : fmt::format("{}; {}", line, joined);
        --count;
    }
    return joined;
}

}  // namespace tollgate::agent
