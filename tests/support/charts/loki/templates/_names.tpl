{{- /* The labels that select the pods of a component; without a component those of the whole release. */ -}}
{{- define "loki.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "loki.labels" -}}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{ include "loki.selector" . }}
app.kubernetes.io/version: {{ .root.Values.loki.image.tag }}
{{- end }}

{{- define "loki.metadata" -}}
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "loki.labels" . | nindent 4 }}
    {{- with .more }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{- /* The parts of Loki in each mode: what differs between them. */ -}}
{{- define "loki.roles" -}}
{{- $name := .Values.fullnameOverride -}}
{{- if eq .Values.deploymentMode "Monolithic" -}}
- {key: singleBinary, name: {{ $name }}, container: loki, component: single-binary, kind: StatefulSet, volume: storage, arguments: [-target=all]}
{{- else -}}
- {key: write, name: {{ $name }}-write, container: write, component: write, kind: StatefulSet, volume: data, arguments: [-target=write]}
- {key: read, name: {{ $name }}-read, container: read, component: read, kind: Deployment, volume: data, arguments: [-target=read]}
- {key: backend, name: {{ $name }}-backend, container: backend, component: backend, kind: StatefulSet, volume: data, arguments: [-target=backend, -legacy-read-mode=false]}
{{- end -}}
{{- end }}

{{- define "loki.budget" -}}
{{- with .values.podDisruptionBudget }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
{{ include "loki.metadata" $ }}
spec:
  {{- toYaml . | nindent 2 }}
  selector:
    matchLabels:
      {{- include "loki.selector" $ | nindent 6 }}
{{- end }}
{{- end }}

{{- /* 85 % of a memory limit in Gi or Mi, in MiB. */ -}}
{{- define "loki.goMemory" -}}
{{- $mebibytes := mul (trimSuffix "Gi" . | trimSuffix "Mi" | int) (hasSuffix "Gi" . | ternary 1024 1) -}}
{{ div (mul $mebibytes 85) 100 }}MiB
{{- end }}

{{- define "loki.restricted" -}}
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
readOnlyRootFilesystem: true
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "loki.user" -}}
fsGroup: {{ . }}
runAsGroup: {{ . }}
runAsNonRoot: true
runAsUser: {{ . }}
seccompProfile: {type: RuntimeDefault}
{{- end }}
