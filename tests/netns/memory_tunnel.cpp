// SPDX-License-Identifier: MIT
// memory_tunnel FOLDER INTERFACE: a tunnel that is nothing but its configuration, at the socket
// FOLDER/INTERFACE.sock, until SIGTERM.
#include <csignal>
#include <cstdio>

#include <sys/epoll.h>

#include "agent/system/event_loop.hpp"
#include "agent/tunnel/uapi_socket.hpp"
#include "tests/support/memory_device.hpp"

namespace {

using namespace tollgate;

Result<void> serve(const char* folder, const char* interface) {
    auto signals = agent::SignalSource::block({SIGTERM});
    auto loop = agent::EventLoop::create();
    if (!signals || !loop) {
        return Failure{signals ? loop.error() : signals.error()};
    }
    test::MemoryDevice device;
    const agent::UapiHandlers handlers{
        .set = [&](const agent::DeviceChange& change) { return device.apply(change); },
        .get =
            [&] {
                return device.state();
            }};
    const auto socket = agent::UapiSocket::open(*loop, folder, interface, handlers);
    if (!socket) {
        return Failure{socket.error()};
    }
    if (auto watched = loop->watch(signals->fd(), EPOLLIN, [&](auto) { loop->stop(); }); !watched) {
        return watched;
    }
    return loop->run();
}

}  // namespace

int main(int argc, char** argv) {
    constexpr int kArguments = 3;
    if (argc != kArguments) {
        static_cast<void>(std::fputs("usage: memory_tunnel FOLDER INTERFACE\n", stderr));
        return 2;
    }
    if (const auto served = serve(argv[1], argv[2]); !served) {
        static_cast<void>(std::fprintf(stderr, "error: %s\n", served.error().message().c_str()));
        return 1;
    }
    return 0;
}
