// SPDX-License-Identifier: MIT
/// ping_pong serve ADDRESS PORT
///     answers until killed
/// ping_pong ask ADDRESS PORT SECONDS
///     one byte there and back, again and again, on one connection:
///     {"per_second": N, "p50_us": N, "p99_us": N}
/// ping_pong connect ADDRESS PORT SECONDS
///     the same, with a new connection for every byte
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/socket_address.hpp"

namespace {

using tollgate::bench::generic;
using tollgate::bench::socket_address;
using Clock = std::chrono::steady_clock;

void set_option(int socket, int level, int option) {
    const int on = 1;
    setsockopt(socket, level, option, &on, sizeof on);
}

int serve(const sockaddr_in& address) {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    set_option(listener, SOL_SOCKET, SO_REUSEADDR);
    if (bind(listener, generic(address), sizeof address) != 0 || listen(listener, SOMAXCONN) != 0) {
        std::perror("ping_pong: listen");
        return EXIT_FAILURE;
    }
    std::vector<pollfd> open{{listener, POLLIN, 0}};
    while (poll(open.data(), open.size(), -1) > 0) {
        for (std::size_t i = open.size(); i-- > 1;) {
            char byte = 0;
            if (open[i].revents != 0 &&
                (read(open[i].fd, &byte, 1) != 1 || write(open[i].fd, &byte, 1) != 1)) {
                close(open[i].fd);
                open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
            }
        }
        if (open.front().revents != 0) {
            open.push_back({accept(listener, nullptr, nullptr), POLLIN, 0});
            set_option(open.back().fd, IPPROTO_TCP, TCP_NODELAY);
        }
    }
    return EXIT_SUCCESS;
}

std::optional<int> connected(const sockaddr_in& address) {
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    // Closing resets: no port waits in TIME_WAIT.
    const linger at_once{1, 0};
    setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    set_option(client, IPPROTO_TCP, TCP_NODELAY);
    if (connect(client, generic(address), sizeof address) != 0) {
        close(client);
        return {};
    }
    return client;
}

bool echo(int client) {
    char byte = 'x';
    return write(client, &byte, 1) == 1 && read(client, &byte, 1) == 1;
}

void print(std::vector<double>& microseconds, double seconds) {
    std::sort(microseconds.begin(), microseconds.end());
    const std::size_t count = microseconds.size();
    std::printf("{\"per_second\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
                static_cast<double>(count) / seconds,
                microseconds[count / 2],
                microseconds[count * 99 / 100]);
}

/// @param again a new connection for each exchange
int ask(const sockaddr_in& address, double seconds, bool again) {
    std::optional<int> client = connected(address);
    std::vector<double> microseconds;
    const auto started = Clock::now();
    std::chrono::duration<double> elapsed{};
    while (client && elapsed.count() < seconds) {
        const auto sent = Clock::now();
        if (again) {
            close(*client);
            client = connected(address);
        }
        if (!client || !echo(*client)) {
            break;
        }
        const auto now = Clock::now();
        microseconds.push_back(std::chrono::duration<double, std::micro>(now - sent).count());
        elapsed = now - started;
    }
    if (elapsed.count() < seconds) {
        std::perror("ping_pong: no answer");
        return EXIT_FAILURE;
    }
    print(microseconds, elapsed.count());
    return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    constexpr std::size_t kServe = 3;
    constexpr std::size_t kAsk = 4;
    if (arguments.size() == kServe && arguments[0] == "serve") {
        return serve(socket_address(arguments[1], arguments[2]));
    }
    if (arguments.size() == kAsk && (arguments[0] == "ask" || arguments[0] == "connect")) {
        return ask(socket_address(arguments[1], arguments[2]),
                   std::stod(arguments[3]),
                   arguments[0] == "connect");
    }
    std::fputs("usage: ping_pong serve|ask|connect ADDRESS PORT [SECONDS]\n", stderr);
    return EXIT_FAILURE;
}
