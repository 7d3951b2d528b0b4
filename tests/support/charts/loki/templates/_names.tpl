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
    {{- with dig "labels" dict (.service | default dict) }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with dig "annotations" dict (.service | default dict) }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- /* The parts of Loki in each mode: what differs between them. */ -}}
{{- define "loki.roles" -}}
{{- $name := .Values.fullnameOverride -}}
{{- $parallel := dict "podManagementPolicy" "Parallel" -}}
{{- $partition := dict "updateStrategy" (dict "rollingUpdate" (dict "partition" 0)) -}}
{{- $inTurn := dict "updateStrategy" (dict "type" "RollingUpdate") -}}
{{- $one := dict "maxSurge" 0 "maxUnavailable" 1 -}}
{{- $oneByOne := dict "strategy" (dict "rollingUpdate" $one) -}}
{{- $rolling := dict "strategy" (dict "rollingUpdate" $one "type" "RollingUpdate") -}}
{{- if eq .Values.deploymentMode "Monolithic" -}}
- {key: singleBinary, name: {{ $name }}, container: loki, component: single-binary, kind: StatefulSet, volume: storage, arguments: [-target=all], more: {{ merge (dict) $parallel $partition | toJson }}}
{{- else if eq .Values.deploymentMode "SimpleScalable" -}}
- {key: write, name: {{ $name }}-write, container: write, component: write, kind: StatefulSet, volume: data, arguments: [-target=write], more: {{ merge (dict) $parallel $partition | toJson }}}
- {key: read, name: {{ $name }}-read, container: read, component: read, kind: Deployment, volume: data, arguments: [-target=read], more: {{ $oneByOne | toJson }}}
- {key: backend, name: {{ $name }}-backend, container: backend, component: backend, kind: StatefulSet, volume: data, arguments: [-target=backend, -legacy-read-mode=false], more: {{ merge (dict) $parallel $partition | toJson }}}
{{- else -}}
{{- range $key, $role := dict
  "distributor" (dict "component" "distributor" "kind" "Deployment" "more" $oneByOne)
  "ingester" (dict "component" "ingester" "kind" "StatefulSet" "more" (merge (dict) $parallel $inTurn) "arguments" (list "-ingester.availability-zone=zone-default"))
  "querier" (dict "component" "querier" "kind" "Deployment" "more" $rolling)
  "queryFrontend" (dict "component" "query-frontend" "kind" "Deployment" "more" $rolling)
  "queryScheduler" (dict "component" "query-scheduler" "kind" "Deployment" "more" $rolling)
  "indexGateway" (dict "component" "index-gateway" "kind" "StatefulSet" "more" $inTurn)
  "compactor" (dict "component" "compactor" "kind" "StatefulSet" "more" (merge (dict) $parallel $partition))
  "ruler" (dict "component" "ruler" "kind" "StatefulSet" "more" (dict))
}}
{{- $component := $role.component }}
- {key: {{ $key }}, name: {{ $name }}-{{ $component }}, container: {{ $component }}, component: {{ $component }}, kind: {{ $role.kind }}, volume: data, arguments: {{ prepend ($role.arguments | default list) (printf "-target=%s" $component) | toJson }}, more: {{ $role.more | toJson }}}
{{- end }}
{{- end -}}
{{- end }}

{{- /* Of a list of claims, or beside it. */ -}}
{{- define "loki.claim" -}}
{{- toYaml (.claims | default (list .) | first) }}
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
    {{- if eq $.component "ingester" }}
    matchExpressions: [{key: rollout-group, operator: NotIn, values: [ingester]}]
    {{- end }}
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

{{- define "loki.image" -}}
{{ .registry }}/{{ .repository }}{{ with .digest }}@{{ . }}{{ else }}:{{ .tag }}{{ end }}
{{- end }}

{{- /* Where a pod runs, by the values of its component. */ -}}
{{- define "loki.scheduling" -}}
{{- range $key := list "affinity" "topologySpreadConstraints" "tolerations" "priorityClassName" }}
{{- with index $ $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Takes the workload's kind and name, and the component's values. */ -}}
{{- define "loki.autoscaler" -}}
{{- with .values.autoscaling }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
{{ include "loki.metadata" $ }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: {{ $.kind }}, name: {{ $.workload }}}
  minReplicas: {{ .minReplicas }}
  maxReplicas: {{ .maxReplicas }}
  {{- $behavior := .behavior | default dict }}
  {{- if get $behavior "enabled" }}
  behavior:
    {{- toYaml (omit $behavior "enabled") | nindent 4 }}
  {{- end }}
  metrics:
    {{- with .targetMemoryUtilizationPercentage }}
    - {type: Resource, resource: {name: memory, target: {type: Utilization, averageUtilization: {{ . }}}}}
    {{- end }}
    {{- with .targetCPUUtilizationPercentage }}
    - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: {{ . }}}}}
    {{- end }}
{{- end }}
{{- end }}
