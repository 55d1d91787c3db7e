// SPDX-License-Identifier: MIT
#include "agent/tunnel/tun_control.hpp"

#include <cstdlib>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace tollgate::agent {

namespace {

bool is_same(const FileDescriptor& one, const FileDescriptor& other) {
    struct stat first {};
    struct stat second {};
    return ::fstat(one.get(), &first) == 0 && ::fstat(other.get(), &second) == 0 &&
           first.st_ino == second.st_ino;
}

FileDescriptor socket_here() {
    return FileDescriptor{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
}

FileDescriptor socket_in(const FileDescriptor& there) {
    const FileDescriptor home{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    if (!there || is_same(home, there)) {  // kernels before 5.5 do not tell
        return socket_here();
    }
    if (!home || ::setns(there.get(), CLONE_NEWNET) != 0) {
        return FileDescriptor{};
    }
    FileDescriptor socket = socket_here();
    if (::setns(home.get(), CLONE_NEWNET) != 0) {
        std::abort();  // whatever this thread opens next would be in the wrong network
    }
    return socket;
}

}  // namespace

std::optional<std::size_t> TunControl::mtu() {
    if (const auto mtu = ask()) {
        return mtu;
    }
    locate();
    return ask();
}

std::optional<std::size_t> TunControl::ask() const {
    ifreq request{};
    name_.copy(&request.ifr_name[0], IFNAMSIZ - 1);
    if (::ioctl(socket_.get(), SIOCGIFMTU, &request) != 0) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(request.ifr_mtu);
}

void TunControl::locate() {
    ifreq request{};
    if (::ioctl(device_, TUNGETIFF, &request) == 0) {
        name_ = &request.ifr_name[0];
        socket_ = socket_in(FileDescriptor{::ioctl(device_, TUNGETDEVNETNS)});
    }
}

}  // namespace tollgate::agent
