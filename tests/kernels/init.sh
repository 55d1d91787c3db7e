#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# The first process of a kernel that run.sh boots. Its root is that of the machine that runs the tests, with the kernel's
# modules in their place; what is written stays in memory. From the kernel's command line: $modules, the folder of the
# modules, and $guest, the script that does the rest.
# shellcheck shell=sh disable=SC2154
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do
    insmod "/modules/$module"
done </modules/order
mount -t virtiofs -o ro host /host
mount -t tmpfs scratch /scratch
mkdir /scratch/upper /scratch/work
mount -t overlay -o lowerdir=/host,upperdir=/scratch/upper,workdir=/scratch/work root /new
mkdir -p /new/usr/lib/modules
mount --bind "/host$modules" /new/usr/lib/modules
for folder in /proc /sys /dev; do
    mount --move "$folder" "/new$folder"
done
exec switch_root /new "$guest"
