{{/* SPDX-License-Identifier: MIT */}}
{{- define "tollgate.probe" -}}
httpGet:
  path: {{ .path }}
  port: {{ .values.metrics.port }}
  {{- if not .values.metrics.enabled }}
  host: 127.0.0.1
  {{- end }}
periodSeconds: {{ .period }}
timeoutSeconds: 3
failureThreshold: {{ .failures }}
{{- end -}}

{{/* Containers and volumes of an agent that protects its node. */}}
{{- define "tollgate.running" -}}
containers:
  - name: tollgate
    image: {{ include "tollgate.image" . }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    command: [/usr/sbin/tollgated]
    args:
      - --config=/etc/tollgate/config/tollgate.yaml
      {{- if .Values.metrics.enabled }}
      - --metrics=$(HOST_IP):{{ .Values.metrics.port }}
      {{- else }}
      - --metrics=127.0.0.1:{{ .Values.metrics.port }}
      {{- end }}
      {{- if .Values.policy.reach.apiServer }}
      - --policy-reach=$(KUBERNETES_SERVICE_HOST):$(KUBERNETES_SERVICE_PORT)
      {{- end }}
      {{- range .Values.policy.reach.places }}
      - --policy-reach={{ . }}
      {{- end }}
    env:
      - name: HOST_IP
        valueFrom:
          fieldRef: {fieldPath: status.hostIP}
      {{- if .Values.tunnel.existingSecret }}
      - name: CREDENTIALS_DIRECTORY
        value: /etc/tollgate/keys
      {{- end }}
    {{- if .Values.metrics.enabled }}
    ports:
      - name: metrics
        containerPort: {{ .Values.metrics.port }}
        protocol: TCP
    {{- end }}
    securityContext:
      {{- include "tollgate.securityContext" . | nindent 6 }}
    # None of them asks what the policy says: a bad policy must not end in a restart.
    startupProbe:
      {{- include "tollgate.probe" (dict "values" .Values "path" "/livez" "period" 2 "failures" 30) | nindent 6 }}
    livenessProbe:
      {{- include "tollgate.probe" (dict "values" .Values "path" "/livez" "period" 10 "failures" 3) | nindent 6 }}
    readinessProbe:
      {{- include "tollgate.probe" (dict "values" .Values "path" "/readyz" "period" 5 "failures" 2) | nindent 6 }}
    terminationMessagePolicy: FallbackToLogsOnError
    resources:
      {{- toYaml .Values.resources | nindent 6 }}
    volumeMounts:
      - {name: bpffs, mountPath: /sys/fs/bpf, mountPropagation: HostToContainer}
      - {name: state, mountPath: /var/lib/tollgate}
      - {name: run, mountPath: /run/tollgate}
      - {name: config, mountPath: /etc/tollgate/config, readOnly: true}
      # The whole folder: a file mounted by subPath is never updated.
      - {name: policy, mountPath: /etc/tollgate/policy, readOnly: true}
      {{- if .Values.tunnel.tunnels }}
      - {name: tun, mountPath: /dev/net/tun}
      - {name: wireguard, mountPath: /run/wireguard}
      {{- end }}
      {{- range fromYamlArray (include "tollgate.keys" .) }}
      - {name: keys, mountPath: /etc/tollgate/keys/{{ . }}, subPath: {{ . }}, readOnly: true}
      {{- end }}
      {{- with include "tollgate.flowLogMounts" . }}
      {{- trim . | nindent 6 }}
      {{- end }}
volumes:
  - name: bpffs
    hostPath: {path: {{ .Values.bpffs.hostPath }}, type: Directory}
  - name: state
    hostPath: {path: {{ .Values.stateHostPath }}, type: DirectoryOrCreate}
  - name: run
    hostPath: {path: {{ .Values.runHostPath }}, type: DirectoryOrCreate}
  - name: config
    configMap: {name: {{ include "tollgate.fullname" . }}}
  - name: policy
    configMap: {name: {{ include "tollgate.configMapOfPolicy" . }}}
  {{- if .Values.tunnel.tunnels }}
  - name: tun
    hostPath: {path: /dev/net/tun, type: CharDevice}
  - name: wireguard
    emptyDir: {medium: Memory, sizeLimit: 1Mi}
  {{- end }}
  {{- with .Values.tunnel.existingSecret }}
  - name: keys
    secret: {secretName: {{ . }}, defaultMode: 256}  # 0400
  {{- end }}
  {{- with include "tollgate.flowLogVolumes" . }}
  {{- trim . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Mounted one by one by subPath: key files have to be regular files, no symbolic links. */}}
{{- define "tollgate.keys" -}}
{{- $keys := list -}}
{{- range .Values.tunnel.tunnels }}{{ $keys = append $keys (printf "%s.key" .name) }}{{ end -}}
{{- ternary (uniq (concat $keys .Values.tunnel.extraKeys)) list (ne .Values.tunnel.existingSecret "") | toJson -}}
{{- end -}}

{{/* The gate is taken off before the pod is ready; then it does nothing until it is removed. */}}
{{- define "tollgate.detaching" -}}
initContainers:
  - name: detach
    {{- include "tollgate.idle" . | nindent 4 }}
    args: [--cleanup]
containers:
  - name: tollgate
    {{- include "tollgate.idle" . | nindent 4 }}
    args: [--cleanup, --wait]
volumes:
  - name: bpffs
    hostPath: {path: {{ .Values.bpffs.hostPath }}, type: Directory}
{{- end -}}

{{- define "tollgate.idle" -}}
image: {{ include "tollgate.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
command: [/usr/sbin/tollgated]
securityContext:
  {{- include "tollgate.securityContext" . | nindent 2 }}
terminationMessagePolicy: FallbackToLogsOnError
resources:
  {{- toYaml .Values.resources | nindent 2 }}
volumeMounts:
  - {name: bpffs, mountPath: /sys/fs/bpf, mountPropagation: HostToContainer}
{{- end -}}
